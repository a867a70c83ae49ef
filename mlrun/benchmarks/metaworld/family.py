"""What a task family of Meta-World is: its scene, its tasks, its reset, observation, reward and reference policies."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Final, Literal, NamedTuple

import numpy as np
from torch import Tensor

from mlrun.benchmarks.metaworld.observation import HAND_HIGH, HAND_LOW, observe_object
from mlrun.benchmarks.reference_policies import Script, scripted
from mlrun.simulation.protocol import Physics, Poses
from mlrun.simulation.scene import Position, Scene, SettledState
from mlrun.simulation.tabletop import PUCK, SAWYER_AND_PUCK
from mlrun.task_families import TASK_FAMILIES

RewardVersion = Literal["v1", "v2"]

HAND_HOME: Final = (0.0, 0.6, 0.2)  # metres


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


RewardFunction = Callable[[Poses, Tensor], Outcome]
"""Rewards every world after a step, from the poses that the step led to and the action (worlds, 4) that was taken."""


class TaskFamily(ABC):
    """A family of tasks: batched functions of poses, actions and task parameters, without state.

    A task's parameters are numbers in metres. By default they are where the object starts, xyz, and the goal, xyz, and
    the object is a puck. A family overrides what is different.

    Attributes:
        scene: what there is in each world.
        hand_home: where the hand settles before every episode.
        hand_low: lower corner of the box that the hand's target stays in.
        hand_high: upper corner.
        parameters_low: lower corner of the box that task parameters are drawn from.
        parameters_high: upper corner.
        nearest_goal: least distance from the object to the goal, seen from above, of a task that is not drawn again.
        success_radius: how near to the target counts as success.
        reward: version of Meta-World's reward function.
    """

    scene: ClassVar[Scene] = SAWYER_AND_PUCK
    hand_home: ClassVar[Position] = HAND_HOME
    hand_low: ClassVar[Position] = HAND_LOW
    hand_high: ClassVar[Position] = HAND_HIGH
    parameters_low: ClassVar[tuple[float, ...]]
    parameters_high: ClassVar[tuple[float, ...]]
    nearest_goal: ClassVar[float] = 0.15
    success_radius: ClassVar[float]

    def __init__(self, reward: RewardVersion = "v2"):
        self.reward: RewardVersion = reward

    @property
    def settled(self) -> SettledState:
        """The state that its episodes start from, before `reset` places the object."""
        return self.scene.settled(self.hand_home)

    def accepts(self, parameters: np.ndarray) -> bool:
        """Whether parameters that were drawn from the box make a task; otherwise they are drawn again."""
        return bool(np.linalg.norm(parameters[:2] - parameters[3:5]) >= self.nearest_goal)

    def goal(self, parameters: Tensor) -> Tensor:
        """The goal as the task gives it, (worlds, 3)."""
        return parameters[:, 3:]

    def start(self, parameters: Tensor) -> Tensor:
        """Where the object starts, (worlds, 3)."""
        return parameters[:, :3]

    def target(self, parameters: Tensor) -> Tensor:
        """Where the object or the gripper should be, (worlds, 3): what an observation with a visible goal shows."""
        return self.goal(parameters)

    def reset(self, physics: Physics, parameters: Tensor, worlds: Tensor) -> None:
        """Start an episode in those `worlds` (worlds,) that are true; the poses are fresh afterwards.

        Args:
            physics: worlds of the scene.
            parameters: (worlds, numbers) of each world's task.
            worlds: (worlds,) bool.
        """
        physics.load(self.settled, worlds)
        physics.write_joint(PUCK, self.start(parameters), worlds)
        physics.forward()

    def observe(self, poses: Poses) -> Tensor:
        """One frame of the observation, (worlds, 18): the hand, the gripper's opening, and the object."""
        return observe_object(poses, PUCK)

    @abstractmethod
    def reward_function(self, parameters: Tensor) -> RewardFunction:
        """What rewards episodes of these tasks, one per world; what stays the same in them is computed once.

        Args:
            parameters: (worlds, numbers)
        """

    @abstractmethod
    def expert(self, observation: Tensor, goal: Tensor) -> Tensor:
        """The action (worlds, 4) of a scripted expert that sees `observation` (worlds, 39) and `goal` (worlds, 3)."""

    def blind_actions(self, horizon: int) -> dict[str, Tensor]:
        """Scripted actions that look at nothing and may yet succeed, (horizon, 4) each, by name: here none."""
        return {}

    def reference_policies(self, parameters: Tensor, train_parameters: Tensor, horizon: int) -> dict[str, Script]:
        """Policies that do not adapt, by name: a success rate says little unless it is set beside theirs.

        The goal-blind expert aims at the mean training goal. The expert sees the goal.

        Args:
            parameters: (worlds, numbers) of the tasks that they are played on.
            train_parameters: (tasks, numbers) of the training tasks.
            horizon: control steps.
        """
        goals = self.goal(parameters)
        mean_goal = self.goal(train_parameters).mean(0).expand_as(goals)
        return {
            "goal-blind expert": lambda step, observation: self.expert(observation, mean_goal),
            **{name: scripted(actions) for name, actions in self.blind_actions(horizon).items()},
            "expert": lambda step, observation: self.expert(observation, goals),
        }


def load_family(name: str, reward: RewardVersion = "v2") -> TaskFamily:
    """Import and make one of the `TASK_FAMILIES`, by its name in the table."""
    module, _, attribute = TASK_FAMILIES[name].target.partition(":")
    return getattr(importlib.import_module(module), attribute)(reward)
