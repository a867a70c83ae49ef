"""The interface of one ML1 problem: how its tasks are drawn, rewarded, and solved by a script."""

import importlib
from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from torch import Tensor

from mlrun.simulation.protocol import Poses
from mlrun.task_families import TASK_FAMILIES

RewardVersion = Literal["v1", "v2"]


def load_family(name: str, reward: RewardVersion) -> "Manipulation":
    """Import and make one of the `TASK_FAMILIES`, by its name in the table."""
    module, _, attribute = TASK_FAMILIES[name].target.partition(":")
    return getattr(importlib.import_module(module), attribute)(reward)


class Outcome(NamedTuple):
    """How well each world does after a step.

    Attributes:
        reward: (worlds,)
        success: (worlds,) bool.
        terms: what Meta-World's info says of the reward, by its names, each (worlds,); a term may be of any dtype.
        may_be_grasped: (worlds,) bool, where the info's `grasp_success` then depends on the contacts; None where
            `terms` has it already.
    """

    reward: Tensor
    success: Tensor
    terms: dict[str, Tensor]
    may_be_grasped: Tensor | None = None


Evaluator = Callable[[Poses, Tensor], Outcome]
"""Judges every world after a step, from the poses that the step led to and the action (worlds, 4) that was taken."""


class Manipulation(Protocol):
    """One ML1 problem: pure batched functions of poses, action and task parameters.

    A task's parameters are puck xyz and goal xyz, in metres.

    Attributes:
        parameters_low: lower corner of the box that task parameters are drawn from.
        parameters_high: upper corner.
        success_radius: how near to the target counts as success, in metres.
    """

    parameters_low: tuple[float, ...]
    parameters_high: tuple[float, ...]
    success_radius: float

    def evaluator(self, parameters: Tensor) -> Evaluator:
        """What judges the episodes of these tasks, one per world; all that stays the same in them is computed once.

        Args:
            parameters: (worlds, 6)
        """
        ...

    def start(self, parameters: Tensor) -> Tensor:
        """Where the puck starts, (worlds, 3)."""
        ...

    def target(self, parameters: Tensor) -> Tensor:
        """Where the puck or the gripper should be, (worlds, 3): what an observation with a visible goal shows."""
        ...

    def expert(self, observation: Tensor, goal: Tensor) -> Tensor:
        """The action (worlds, 4) of a scripted expert that sees `observation` (worlds, 39) and `goal` (worlds, 3)."""
        ...

    def blind_actions(self, horizon: int) -> dict[str, Tensor]:
        """Scripts that look at nothing and may yet succeed, by name: the actions (horizon, 4) of each."""
        ...
