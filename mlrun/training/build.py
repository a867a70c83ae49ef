"""Makes the benchmark, the problem and the algorithm of an experiment."""

from __future__ import annotations

from typing import Any, cast

from mlrun.algorithms import algorithms
from mlrun.algorithms.protocol import MakesPolicy, MetaAlgorithm
from mlrun.benchmarks import benchmarks
from mlrun.benchmarks.protocol import Benchmark, EpisodicBenchmark, SupervisedBenchmark
from mlrun.config.schema import EpisodicExperiment, Experiment, SupervisedExperiment
from mlrun.networks import MLP
from mlrun.problems.episodes import EpisodicProblem
from mlrun.problems.protocol import Problem
from mlrun.problems.reinforcement_learning import ReinforcementLearning
from mlrun.problems.supervised_learning import SupervisedLearning
from mlrun.randomness import RandomKey
from mlrun.registry import PluginError
from mlrun.rl.advantages import Sharpening
from mlrun.rl.policy import GaussianMLPPolicy
from mlrun.task_group import TaskGroup
from mlrun.training.device import Placement


def build_benchmark(experiment: Experiment) -> Benchmark:
    """The benchmark that the experiment names."""
    name = experiment.benchmark.name
    benchmark = benchmarks.load(name)(experiment.benchmark)
    needed = ["reference_scores", *(["make_worlds"] if isinstance(experiment, EpisodicExperiment) else [])]
    if missing := [method for method in needed if not hasattr(benchmark, method)]:
        raise PluginError(f"benchmark {name!r} has no {' and no '.join(missing)}: it was made for another version")
    return benchmark


def build_algorithm(experiment: Experiment) -> MetaAlgorithm:
    """The algorithm that the experiment names, not yet initialised."""
    return algorithms.load(experiment.algorithm.name)(experiment.algorithm)


def fresh_algorithm(experiment: Experiment, problem: Problem) -> MetaAlgorithm:
    """The algorithm at the start of a run of the experiment."""
    algorithm = build_algorithm(experiment)
    algorithm.initialise(problem, RandomKey(experiment.seed, 0, "parameters"))
    return algorithm


def build_problem(
    experiment: Experiment,
    benchmark: Benchmark,
    data_per_task: int,
    placement: Placement,
    group: TaskGroup | None = None,
) -> Problem:
    """The learning problem of the experiment on its benchmark.

    Args:
        experiment: has the settings.
        benchmark: the one that the experiment names.
        data_per_task: episodes or examples of each task in one collection.
        placement: where to compute.
        group: what combines the tasks of a batch; None if this process has all of them.
    """
    if isinstance(experiment, SupervisedExperiment):
        supervised = cast(SupervisedBenchmark, benchmark)
        sizes = (supervised.input_size, *experiment.network.hidden_sizes, supervised.output_size)
        network = MLP(sizes, experiment.network.activation)
        return SupervisedLearning(supervised, network, shots=data_per_task, device=placement.device, group=group)
    experiment, episodic = cast(EpisodicExperiment, experiment), cast(EpisodicBenchmark, benchmark)
    rollouts = experiment.rollouts
    episodes: dict[str, Any] = {
        "episodes_per_task": data_per_task,
        "discount": rollouts.discount,
        "gae_lambda": rollouts.gae_lambda,
        "sharpening": rollouts.sharpening and Sharpening(rollouts.sharpening.maximum, rollouts.sharpening.offset),
        "num_threads": experiment.threads,
        "device": placement.device,
        "physics": placement.physics,
        "group": group,
    }
    target = algorithms.load(experiment.algorithm.name)
    algorithm = getattr(target, "__self__", target)  # the class, also where the target is a classmethod of it
    if isinstance(algorithm, MakesPolicy):
        return EpisodicProblem(episodic, algorithm.make_policy(experiment, episodic), **episodes)
    return ReinforcementLearning(episodic, _policy(experiment, episodic), **episodes)


def _policy(experiment: EpisodicExperiment, benchmark: EpisodicBenchmark) -> GaussianMLPPolicy:
    return GaussianMLPPolicy(
        observation_size=benchmark.observation_size,
        action_size=benchmark.action_size,
        hidden_sizes=experiment.policy.hidden_sizes,
        initial_std=experiment.policy.initial_std,
        min_std=experiment.policy.min_std,
        input_scale=experiment.policy.input_scale,
    )
