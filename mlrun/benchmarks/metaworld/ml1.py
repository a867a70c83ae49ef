"""ML1: the training and test tasks of one task family, and worlds for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Self, get_args

import numpy as np
import torch
from pydantic import ValidationError

from mlrun.benchmarks.metaworld.family import RewardVersion, TaskFamily, load_family
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.benchmarks.reference_policies import score_policy
from mlrun.benchmarks.task import Split, Task, stack_parameters
from mlrun.config.benchmarks import ML1Config
from mlrun.config.reading.messages import rule
from mlrun.registry import UnknownNameError
from mlrun.simulation.backends import Backend, make_physics
from mlrun.task_families import ACTION_SIZE, ML1_NAMES, OBSERVATION_SIZE, TASK_FAMILIES


class ML1:
    """Tasks of one family to train and to test on (Yu et al. 2020). The lists are Meta-World v3's for the same seed.

    Args:
        problem: the task family, as "reach-v3" or "ml1/reach-v3".
        seed: of the task lists.
        num_tasks: number of training tasks, and of test tasks. The first 50 of each are Meta-World's.
        recombine: whether `draw_tasks` draws from all pairs of a start and a goal of the training tasks. It uses no
            other information than the list. The list itself, which chooses the best checkpoint, stays as it is.
        horizon: control steps of 12.5 ms per episode.
        goal: "hidden", or "visible" at the end of the observation.
        reward: version of Meta-World's reward function, "v1" or "v2".

    Attributes:
        train_tasks: tasks to train on.
        test_tasks: tasks with other goals, to evaluate on.

    Raises:
        UnknownNameError: there is no such task family.
        ValueError: an option is out of its range. The message has one line for each such option.
    """

    observation_size = OBSERVATION_SIZE
    action_size = ACTION_SIZE
    ranked_by = ("success_last", "return")

    def __init__(
        self,
        problem: str = "reach-v3",
        *,
        seed: int = 0,
        num_tasks: int = 50,
        recombine: bool = False,
        horizon: int = 500,
        goal: Literal["hidden", "visible"] = "hidden",
        reward: RewardVersion = "v2",
    ):
        options = {
            "seed": seed,
            "num_tasks": num_tasks,
            "recombine": recombine,
            "horizon": horizon,
            "goal": goal,
            "reward": reward,
        }
        config = _checked_config({"name": _registered_name(problem), **options})
        self.name = config.name
        self.horizon = config.horizon
        self.recombine = config.recombine
        self.goal_visible = config.goal == "visible"
        self.family: TaskFamily = load_family(config.name.removeprefix("ml1/"), config.reward)
        self.train_tasks: Sequence[Task] = task_list(self.family, config.seed, config.num_tasks, "train")
        self._drawn_from = recombined(self.family, self.train_tasks) if config.recombine else self.train_tasks
        self.test_tasks: Sequence[Task] = task_list(self.family, config.seed + 1, config.num_tasks, "test")

    @classmethod
    def from_config(cls, config: ML1Config) -> Self:
        """Makes the benchmark that a section of an experiment describes."""
        return cls(config.name, **config.model_dump(exclude={"name"}))

    def draw_tasks(self, count: int, generator: np.random.Generator) -> Sequence[Task]:
        """Draws `count` of the training tasks, without replacement. Recombined ones have their place in the draw."""
        available = self._drawn_from
        chosen = [available[index] for index in generator.choice(len(available), count, replace=count > len(available))]
        return [replace(task, index=index) for index, task in enumerate(chosen)] if self.recombine else chosen

    def tasks(self, split: Split) -> Sequence[Task]:
        """Returns the tasks of "train" or "test".

        Raises:
            ValueError: there is no such split.
        """
        if split not in get_args(Split):
            raise ValueError(f"split must be 'train' or 'test', not {split!r}")
        return self.train_tasks if split == "train" else self.test_tasks

    def hidden(self, tasks: Sequence[Task]) -> torch.Tensor:
        """The goals, ``(tasks, 3)`` in metres."""
        return self.family.target(stack_parameters(tasks))

    def make_worlds(
        self, num_worlds: int, num_threads: int = 0, physics: Backend = "cpu", *, family: str | None = None
    ) -> ManipulationWorlds:
        """Makes worlds of the family.

        Args:
            num_worlds: how many.
            num_threads: threads that step them with "cpu"; 0 means one per core.
            physics: "cpu" is exact. "warp" is on a GPU, in single precision.
            family: not used, since there is just one.

        Raises:
            ValueError: there would be no world, or more threads than cores.
            MissingExtraError: the packages that simulate on a GPU are not installed.
        """
        worlds = make_physics(self.family.scene, physics, num_worlds, num_threads)
        return ManipulationWorlds(self.family, worlds, self.horizon, goal_visible=self.goal_visible)

    def reference_scores(self, tasks: Sequence[Task], num_threads: int = 0) -> dict[str, dict[str, float]]:
        """Mean scores of the family's reference policies on `tasks`, at this horizon, by the policy's name."""
        worlds, parameters = self.make_worlds(len(tasks), num_threads), stack_parameters(tasks)
        policies = self.family.reference_policies(parameters, stack_parameters(self.train_tasks), self.horizon)
        return {name: score_policy(worlds, parameters, policy) for name, policy in policies.items()}


def _registered_name(problem: str) -> str:
    name = f"ml1/{problem.removeprefix('ml1/')}"
    if name not in ML1_NAMES:
        raise UnknownNameError.among("ML1 problem", problem, TASK_FAMILIES)
    return name


def _checked_config(options: dict[str, Any]) -> ML1Config:
    plain = {name: int(value) if isinstance(value, np.integer) else value for name, value in options.items()}
    try:
        return ML1Config.model_validate(plain)
    except ValidationError as error:
        mistakes = (f"{found['loc'][0]} {rule(found)}, not {found['input']!r}" for found in error.errors())
        raise ValueError("\n".join(mistakes)) from None


def task_list(family: TaskFamily, seed: int, count: int, split: Split) -> list[Task]:
    """Returns the first `count` tasks of a seed. They are uniform in the family's box; invalid ones are drawn again.

    The first 50 are Meta-World's. For that, the generator is numpy's legacy one, and the second of every two valid
    draws counts.
    """
    random = np.random.RandomState(seed)
    tasks = []
    for index in range(count):
        _draw_parameters(family, random)
        tasks.append(Task(index, split, _draw_parameters(family, random)))
    return tasks


def recombined(family: TaskFamily, tasks: Sequence[Task]) -> list[Task]:
    """Returns a task for each start and each goal of some tasks, as far as the family accepts the pair.

    Where the tasks are pairs, a policy can learn from the start where the goal is. Here the start says nothing of it.
    """
    pairs = [start.parameters[:3] + goal.parameters[3:] for start in tasks for goal in tasks]
    accepted = [pair for pair in pairs if family.accepts(np.array(pair))]
    return [Task(index, "train", pair) for index, pair in enumerate(accepted)]


def _draw_parameters(family: TaskFamily, random: np.random.RandomState) -> tuple[float, ...]:
    while True:
        parameters = random.uniform(family.parameters_low, family.parameters_high)
        if family.accepts(parameters):
            return tuple(parameters.tolist())
