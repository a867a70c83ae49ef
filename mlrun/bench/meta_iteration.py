"""The time of a meta-iteration of an experiment, and of each part of it."""

import operator
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from mujoco.batch import Batch

from mlrun.bench.physics_alone import PhysicsAlone, commands, task_parameters
from mlrun.bench.profile import Stopwatch
from mlrun.benchmarks.environment import TaskEnvironment
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.task import Task
from mlrun.config.schema import EpisodicExperiment
from mlrun.learner import AdaptedLearner
from mlrun.problems.protocol import Problem
from mlrun.problems.reinforcement_learning import Experience
from mlrun.randomness import RandomKey
from mlrun.rl.trajectories import Trajectories
from mlrun.rl.trials import Trial
from mlrun.training.build import build_benchmark, build_problem, fresh_algorithm
from mlrun.training.device import place

_WATCHED = {"physics": (Batch, "step"), "reset": (TaskEnvironment, "reset"), "step": (TaskEnvironment, "step")}


def meta_iteration_cost(experiment: EpisodicExperiment, iterations: int = 5) -> dict[str, Any]:
    """Times meta-iterations, and after each of them the physics alone in the very same episodes.

    They are numbered as if a whole training were over, since some algorithms do more late than at the start.

    Args:
        experiment: what to train, on an ML1 benchmark.
        iterations: meta-iterations to time, after one to warm up.

    Returns:
        The number of worlds; medians of the seconds of a meta-iteration, of the seconds of its physics alone, and of
        their ratio; and the share of each part in the time of one more meta-iteration.
    """
    benchmark = cast(ML1, build_benchmark(experiment))
    episodes = experiment.rollouts.episodes_per_task
    problem = build_problem(experiment, benchmark, episodes, place(experiment))
    algorithm = fresh_algorithm(experiment, problem)
    tasks = training_batch(benchmark, experiment)
    alone = PhysicsAlone(benchmark.family, len(tasks) * episodes, experiment.threads)
    whole, physics = [], []
    for iteration in range(iterations + 1):
        recorder = Recorder(problem)
        start = time.perf_counter()
        algorithm.update(cast(Problem, recorder), tasks, late_key(experiment, iteration))
        whole.append(time.perf_counter() - start)
        physics.append(sum(_repeat(alone, tasks, data) for data in recorder.collected))
    recorder, watch, rollouts = Recorder(problem), Stopwatch(_WATCHED), problem.cost.seconds
    with watch.running():  # one more iteration, because watching takes time
        start = time.perf_counter()
        algorithm.update(cast(Problem, recorder), tasks, late_key(experiment, iterations + 1))
        end = time.perf_counter()
    spent = _parts(watch.seconds, problem.cost.seconds - rollouts, recorder.times, start, end)
    return {
        "worlds": alone.batch.nsim,
        "seconds": statistics.median(whole[1:]),
        "physics_seconds": statistics.median(physics[1:]),
        "ratio_to_physics": statistics.median(map(operator.truediv, whole[1:], physics[1:])),
        "shares": {name: part / (end - start) for name, part in spent.items()},
    }


def training_batch(benchmark: ML1, experiment: EpisodicExperiment) -> Sequence[Task]:
    """As many tasks as a meta-iteration has, drawn as in training."""
    return benchmark.draw_tasks(experiment.training.tasks_per_batch, np.random.default_rng(experiment.seed))


def late_key(experiment: EpisodicExperiment, iteration: int) -> RandomKey:
    """For an update as if the training of the experiment were over."""
    return RandomKey(experiment.seed, experiment.training.iterations + iteration, "update")


class Recorder:
    """Wraps a problem and records its collections: the episodes, and when each collection began and ended.

    Args:
        problem: the problem.
        finish: is called before the clock is read. It waits for work in progress, for example on a GPU.

    Attributes:
        collected: the episodes of each collection, in order. A trial is a collection of several.
        times: seconds on the clock: start and end of each collection, in order.
    """

    def __init__(self, problem: Any, finish: Callable[[], None] = lambda: None) -> None:
        self._problem = problem
        self._finish = finish
        self.collected: list[Trajectories] = []
        self.times: list[float] = []

    def now(self) -> float:
        """Seconds on the clock after all work is finished."""
        self._finish()
        return time.perf_counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._problem, name)

    def collect(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> Experience:
        """Collects as the problem does. See `Problem.collect`."""
        self.times.append(self.now())
        experience = self._problem.collect(learner, tasks, key)
        self.times.append(self.now())
        self.collected.append(experience.trajectories)
        return experience

    def run_trial(self, learner: AdaptedLearner, tasks: Sequence[Task], episodes: int, key: RandomKey) -> Trial:
        """Plays trials as the problem does. See `EpisodicProblem.run_trial`."""
        self.times.append(self.now())
        trial = self._problem.run_trial(learner, tasks, episodes, key)
        self.times.append(self.now())
        self.collected.extend(trial.episodes)
        return trial


def _parts(
    watched: Mapping[str, float], rollouts: float, times: Sequence[float], start: float, end: float
) -> dict[str, float]:
    """Seconds of each part. Adaptation is between the collections; the outer update is after the last one."""
    collecting = sum(times[1::2]) - sum(times[::2])
    physics, environment = watched["physics"], watched["reset"] + watched["step"]
    return {
        "physics": physics,
        "environment beyond physics": environment - physics,
        "policy and storing": rollouts - environment,
        "baseline and advantages": collecting - rollouts,
        "adaptation": times[-1] - start - collecting,
        "outer update": end - times[-1],
    }


def _repeat(alone: PhysicsAlone, tasks: Sequence[Task], data: Trajectories) -> float:
    """Seconds that the physics alone takes for the collected episodes."""
    actions = data.actions.transpose(0, 1).flatten(1, 2).cpu()  # (steps, worlds, actions)
    episodes = actions.shape[1] // len(tasks)
    alone.reset(task_parameters(tasks, len(tasks)).repeat_interleave(episodes, dim=0))
    return sum(alone.step(target, gripper) for target, gripper in commands(alone.family, actions))
