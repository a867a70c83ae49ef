"""Environments for lists of tasks. There is one batch of worlds for each task family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from mlrun.benchmarks.protocol import Transition, Worlds
from mlrun.benchmarks.task import Task, stack_parameters

MakeWorlds = Callable[[str | None, int], Worlds]
"""Makes a number of worlds of a family."""


class _Group(NamedTuple):
    family: str | None
    members: list[int]  # numbers of the environment's worlds
    worlds: Worlds


class TaskEnvironment:
    """Worlds for a list of tasks. World i plays task i.

    The tasks may be of several families, in several scenes. All families must have the same observation size, action
    size and horizon.

    Args:
        tasks: one for each world. Their families decide which worlds are made.
        make_worlds: makes a number of worlds of a family.

    Attributes:
        num_worlds: how many.
        observation_size: numbers in an observation.
        action_size: numbers in an action.
        horizon: steps per episode.
        device: of actions and results.

    Raises:
        ValueError: there is no task, or families differ in observation size, action size or horizon.
    """

    def __init__(self, tasks: Sequence[Task], make_worlds: MakeWorlds) -> None:
        members: dict[str | None, list[int]] = {}
        for world, task in enumerate(tasks):
            members.setdefault(task.family, []).append(world)
        if not members:
            raise ValueError("an environment needs at least one task")
        self._groups = [_Group(family, own, make_worlds(family, len(own))) for family, own in members.items()]
        first = self._groups[0].worlds
        for group in self._groups:
            if _shape(group.worlds) != _shape(first):
                raise ValueError(
                    f"tasks of {group.family!r} and {self._groups[0].family!r} cannot be in one batch: sizes of "
                    f"observation and action, and the horizon, are {_shape(group.worlds)} and {_shape(first)}"
                )
        self.num_worlds = len(tasks)
        self.observation_size, self.action_size, self.horizon = _shape(first)
        self.device = first.device
        self._tasks = tasks
        order = torch.tensor([world for group in self._groups for world in group.members])
        self._position = order.argsort().to(self.device)  # of each world, in what the groups return one after another
        self._indices = [torch.tensor(group.members, device=self.device) for group in self._groups]

    def reset(self, tasks: Sequence[Task] | None = None) -> torch.Tensor:
        """Starts an episode in every world.

        Args:
            tasks: one for each world, of the family that the world was made for. None repeats the last tasks.

        Returns:
            Observations ``(worlds, observation_size)``.

        Raises:
            ValueError: a world was made for a task of another family.
        """
        tasks = self._tasks if tasks is None else tasks
        if [task.family for task in tasks] != [task.family for task in self._tasks]:
            raise ValueError("these worlds were made for tasks of other families")
        self._tasks = tasks
        return self._together(
            [group.worlds.reset(stack_parameters([tasks[world] for world in group.members])) for group in self._groups]
        )

    def step(self, action: torch.Tensor) -> Transition:
        """Takes an action ``(worlds, action_size)`` for one control step. Episodes never terminate by themselves."""
        if len(self._groups) == 1:
            return self._groups[0].worlds.step(action)
        steps = [group.worlds.step(action[own]) for group, own in zip(self._groups, self._indices, strict=True)]
        return Transition(
            observation=self._together([step.observation for step in steps]),
            reward=self._together([step.reward for step in steps]),
            success=self._together([step.success for step in steps]),
        )

    def warnings(self) -> dict[str, torch.Tensor]:
        """How often the simulator has warned since the reset: ``(worlds,)`` whole numbers, by the warning's name."""
        of_groups = [group.worlds.warnings() for group in self._groups]
        names = dict.fromkeys(name for warnings in of_groups for name in warnings)
        return {
            name: self._together(
                [
                    warnings.get(name, torch.zeros(len(group.members), dtype=torch.int32, device=self.device))
                    for group, warnings in zip(self._groups, of_groups, strict=True)
                ]
            )
            for name in names
        }

    def unstable(self) -> torch.Tensor:
        """The worlds whose simulation has failed since the reset, ``(worlds,)`` bool. What they show means nothing."""
        return self._together([group.worlds.unstable() for group in self._groups])

    def _together(self, parts: list[torch.Tensor]) -> torch.Tensor:
        """Joins what the groups return for their own worlds: ``(worlds, ...)`` in the order of the tasks."""
        return parts[0] if len(parts) == 1 else torch.cat(parts)[self._position]


def _shape(worlds: Worlds) -> tuple[int, int, int]:
    return worlds.observation_size, worlds.action_size, worlds.horizon
