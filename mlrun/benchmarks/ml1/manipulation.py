"""The interface of one ML1 problem: how its tasks are drawn, rewarded, and solved by a script."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from torch import Tensor

from mlrun.simulation.physics import Poses


class Outcome(NamedTuple):
    """How well each world does after a step.

    Attributes:
        reward: (worlds,) from 0 to 10.
        success: (worlds,) bool.
        info: the terms of the reward, each (worlds,).
    """

    reward: Tensor
    success: Tensor
    info: dict[str, Tensor]


Evaluator = Callable[[Poses, Tensor], Outcome]
"""Judges every world after a step, from the poses that the step led to and the action (worlds, 4) that was taken."""


class Manipulation(Protocol):
    """One ML1 problem: pure batched functions of poses, action and task parameters.

    A task's parameters are puck xyz and goal xyz, in metres.

    Attributes:
        parameters_low: lower corner of the box that task parameters are drawn from.
        parameters_high: upper corner.
    """

    parameters_low: tuple[float, ...]
    parameters_high: tuple[float, ...]

    def evaluator(self, parameters: Tensor) -> Evaluator:
        """What judges the episodes of these tasks, one per world; all that stays the same in them is computed once.

        Args:
            parameters: (worlds, 6)
        """
        ...

    def expert(self, observation: Tensor, goal: Tensor) -> Tensor:
        """The action (worlds, 4) of a scripted expert that sees `observation` (worlds, 39) and `goal` (worlds, 3)."""
        ...
