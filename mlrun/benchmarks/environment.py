"""An environment made for tasks: one batch of worlds per task family, behind one face."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from mlrun.benchmarks.protocol import Transition, Worlds
from mlrun.benchmarks.task import Task, stack_parameters

MakeWorlds = Callable[[str | None, int], Worlds]
"""Gives so many worlds of a family."""


class _Group(NamedTuple):
    family: str | None
    members: list[int]  # which worlds of the environment
    worlds: Worlds


class TaskEnvironment:
    """Worlds for a list of tasks, which may be of several families, in several scenes. World i is for task i.

    All families must have observations of one size, actions of one size, and episodes of one length.

    Args:
        tasks: one for each world; what their families are decides which worlds are made.
        make_worlds: gives so many worlds of a family.

    Raises:
        ValueError: there is no task, or families differ in the sizes of observations or actions, or in the horizon.
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
        self._back = order.argsort().to(self.device)
        self._indices = [torch.tensor(group.members, device=self.device) for group in self._groups]

    def reset(self, tasks: Sequence[Task] | None = None) -> torch.Tensor:
        """Start an episode in every world.

        Args:
            tasks: one for each world, of the families that it was made for; None for the tasks that it was made for.

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
        """Apply an action ``(worlds, action_size)`` for one control step. Episodes never terminate by themselves."""
        if len(self._groups) == 1:
            return self._groups[0].worlds.step(action)
        steps = [group.worlds.step(action[own]) for group, own in zip(self._groups, self._indices, strict=True)]
        return Transition(
            observation=self._together([step.observation for step in steps]),
            reward=self._together([step.reward for step in steps]),
            success=self._together([step.success for step in steps]),
        )

    def warnings(self) -> dict[str, torch.Tensor]:
        """How often the simulator has warned since the reset, ``(worlds,)`` whole numbers by what it warned of."""
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
        """The worlds whose simulation has failed since the reset, ``(worlds,)`` bool; what they show means nothing."""
        return self._together([group.worlds.unstable() for group in self._groups])

    def locate(self, world: int) -> tuple[Worlds, int]:
        """The worlds of one family that a world is among, and its place there: for whoever looks into it."""
        group = next(group for group in self._groups if world in group.members)
        return group.worlds, group.members.index(world)

    def _together(self, parts: list[torch.Tensor]) -> torch.Tensor:
        """What each group has for its own worlds, ``(worlds, ...)`` in the order of the tasks."""
        return parts[0] if len(parts) == 1 else torch.cat(parts)[self._back]


def _shape(worlds: Worlds) -> tuple[int, int, int]:
    return worlds.observation_size, worlds.action_size, worlds.horizon
