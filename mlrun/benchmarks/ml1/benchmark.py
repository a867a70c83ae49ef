"""ML1: the task lists of one manipulation problem, and environments to practise them in."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from mlrun.benchmarks.ml1.environment import ACTION_SIZE, SawyerEnvironment
from mlrun.benchmarks.ml1.floors import floors
from mlrun.benchmarks.ml1.manipulation import Manipulation, RewardVersion
from mlrun.benchmarks.ml1.observation import OBSERVATION_SIZE
from mlrun.benchmarks.ml1.reach import Reach
from mlrun.benchmarks.protocol import Floor
from mlrun.benchmarks.task import Split, Task
from mlrun.config.schema import ML1Config

_NEAREST_GOAL: Final = 0.15  # metres between puck and goal, seen from above

_PROBLEMS: Final[dict[str, Callable[[RewardVersion], Manipulation]]] = {"ml1/reach-v3": Reach}


class ML1:
    """One problem, and tasks to train and to test on (Yu et al. 2020; Meta-World v3's lists for the same seed).

    Args:
        config: name of the problem, seed and length of the task lists, horizon, reward, and what is observed.

    Attributes:
        train_tasks: tasks to meta-train on.
        test_tasks: tasks with other goals, to evaluate on.
    """

    observation_size = OBSERVATION_SIZE
    action_size = ACTION_SIZE

    def __init__(self, config: ML1Config):
        self.name = config.name
        self.horizon = config.horizon
        self.goal_visible = config.goal == "visible"
        self.problem: Manipulation = _PROBLEMS[config.name](config.reward)
        self.train_tasks: Sequence[Task] = draw_tasks(self.problem, config.seed, config.num_tasks, "train")
        self.test_tasks: Sequence[Task] = draw_tasks(self.problem, config.seed + 1, config.num_tasks, "test")

    def make_environment(self, num_worlds: int, num_threads: int = 0) -> SawyerEnvironment:
        """A batch of `num_worlds` worlds on `num_threads` threads (0: one per core)."""
        return SawyerEnvironment(
            self.problem, num_worlds, self.horizon, goal_visible=self.goal_visible, num_threads=num_threads
        )

    def floors(self, tasks: Sequence[Task], num_threads: int = 0) -> dict[str, Floor]:
        """How scripts that need no learning do on `tasks`, at this horizon: what a result must be compared with."""
        environment = self.make_environment(len(tasks), num_threads)
        return floors(environment, self.problem, tasks, self.train_tasks)


def draw_tasks(problem: Manipulation, seed: int, count: int, split: Split) -> list[Task]:
    """The first tasks of a seed: uniform in the problem's box, no goal within 15 cm of its puck.

    For the first 50 to be Meta-World's list, the generator is numpy's legacy one, and of every two valid draws the
    second counts.
    """
    random = np.random.RandomState(seed)
    tasks = []
    for index in range(count):
        _draw_parameters(problem, random)
        tasks.append(Task(index, split, _draw_parameters(problem, random)))
    return tasks


def _draw_parameters(problem: Manipulation, random: np.random.RandomState) -> tuple[float, ...]:
    while True:
        parameters = random.uniform(problem.parameters_low, problem.parameters_high)
        if np.linalg.norm(parameters[:2] - parameters[3:5]) >= _NEAREST_GOAL:
            return tuple(parameters.tolist())
