"""From a validated experiment to the objects that run it."""

from __future__ import annotations

from mlrun.algorithms import algorithms
from mlrun.algorithms.protocol import MetaAlgorithm, Problem
from mlrun.benchmarks import benchmarks
from mlrun.benchmarks.protocol import Benchmark
from mlrun.config.schema import Experiment
from mlrun.experiment.device import resolve_device
from mlrun.rl.policy import GaussianMLPPolicy
from mlrun.rl.problem import ReinforcementLearning


def build_benchmark(experiment: Experiment) -> Benchmark:
    """The benchmark that the experiment names."""
    return benchmarks.load(experiment.benchmark.name)(experiment.benchmark)


def build_algorithm(experiment: Experiment) -> MetaAlgorithm:
    """The algorithm that the experiment names, not yet initialised."""
    return algorithms.load(experiment.algorithm.name)(experiment.algorithm)


def build_problem(experiment: Experiment, benchmark: Benchmark, *, episodes_per_task: int) -> Problem:
    """The benchmark as a problem to adapt to, with so many episodes per task and adaptation step."""
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
        episodes_per_task=episodes_per_task,
        discount=experiment.rollouts.discount,
        gae_lambda=experiment.rollouts.gae_lambda,
        num_threads=experiment.threads,
        device=resolve_device(experiment.device),
    )
