"""From a validated experiment to the objects that run it."""

from __future__ import annotations

from typing import cast

from mlrun.algorithms import algorithms
from mlrun.algorithms.protocol import MetaAlgorithm
from mlrun.benchmarks import benchmarks
from mlrun.benchmarks.protocol import Benchmark, EpisodicBenchmark, SupervisedBenchmark
from mlrun.config.schema import EpisodicExperiment, Experiment, SupervisedExperiment
from mlrun.networks import MLP
from mlrun.problems.protocol import Problem
from mlrun.problems.reinforcement_learning import ReinforcementLearning
from mlrun.problems.supervised_learning import SupervisedLearning
from mlrun.randomness import RandomKey
from mlrun.rl.policy import GaussianMLPPolicy
from mlrun.training.device import Placement


def build_benchmark(experiment: Experiment) -> Benchmark:
    """The benchmark that the experiment names."""
    return benchmarks.load(experiment.benchmark.name)(experiment.benchmark)


def build_algorithm(experiment: Experiment) -> MetaAlgorithm:
    """The algorithm that the experiment names, not yet initialised."""
    return algorithms.load(experiment.algorithm.name)(experiment.algorithm)


def fresh_algorithm(experiment: Experiment, problem: Problem) -> MetaAlgorithm:
    """The algorithm as a run of the experiment starts with it."""
    algorithm = build_algorithm(experiment)
    algorithm.initialise(problem, RandomKey(experiment.seed, 0, "parameters"))
    return algorithm


def build_problem(experiment: Experiment, benchmark: Benchmark, data_per_task: int, placement: Placement) -> Problem:
    """The benchmark as a problem to adapt to.

    Args:
        experiment: says how.
        benchmark: what the experiment names.
        data_per_task: episodes or examples per task that are collected at a time.
        placement: where to compute.
    """
    if isinstance(experiment, SupervisedExperiment):
        return _supervised(experiment, cast(SupervisedBenchmark, benchmark), data_per_task, placement)
    return _episodic(cast(EpisodicExperiment, experiment), cast(EpisodicBenchmark, benchmark), data_per_task, placement)


def _episodic(
    experiment: EpisodicExperiment, benchmark: EpisodicBenchmark, episodes: int, placement: Placement
) -> Problem:
    policy = GaussianMLPPolicy(
        observation_size=benchmark.observation_size,
        action_size=benchmark.action_size,
        hidden_sizes=experiment.policy.hidden_sizes,
        initial_std=experiment.policy.initial_std,
        min_std=experiment.policy.min_std,
        input_scale=experiment.policy.input_scale,
    )
    return ReinforcementLearning(
        benchmark,
        policy,
        episodes_per_task=episodes,
        discount=experiment.rollouts.discount,
        gae_lambda=experiment.rollouts.gae_lambda,
        num_threads=experiment.threads,
        device=placement.device,
        physics=placement.physics,
    )


def _supervised(
    experiment: SupervisedExperiment, benchmark: SupervisedBenchmark, shots: int, placement: Placement
) -> Problem:
    sizes = (benchmark.input_size, *experiment.network.hidden_sizes, benchmark.output_size)
    network = MLP(sizes, experiment.network.activation)
    return SupervisedLearning(benchmark, network, shots=shots, device=placement.device)
