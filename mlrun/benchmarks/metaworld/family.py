"""The base class of Meta-World's task families: scene, tasks, reset, observation, reward and reference policies."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Final, Literal, NamedTuple

import numpy as np
from torch import Tensor

from mlrun.benchmarks.metaworld.goal_inference import GoalInferringExpert
from mlrun.benchmarks.metaworld.observation import SeenPositions, observe_object
from mlrun.benchmarks.reference_policies import ReferencePolicy, open_loop
from mlrun.simulation.protocol import Physics, Poses, Positions
from mlrun.simulation.scene import Position, Scene, SettledState
from mlrun.simulation.tabletop import PUCK, SAWYER_AND_PUCK
from mlrun.task_families import TASK_FAMILIES

RewardVersion = Literal["v1", "v2"]

HAND_HOME: Final = (0.0, 0.6, 0.2)  # metres


class Outcome(NamedTuple):
    """What a step led to in every world.

    Attributes:
        reward: (worlds,)
        success: (worlds,) bool, whether the success criterion holds after the step.
        info: the other values of Meta-World's info by their names, (worlds,) each, in any dtype.
        may_be_grasped: (worlds,) bool, where contact forces decide the info's `grasp_success`. Elsewhere it is false.
            None if `info` has `grasp_success` already.
    """

    reward: Tensor
    success: Tensor
    info: dict[str, Tensor]
    may_be_grasped: Tensor | None = None


RewardFunction = Callable[[Positions, Tensor], Outcome]
"""Scores a step of every world, given the positions after the step and its action (worlds, 4) as it was given.

An action may lie outside of [-1, 1]: what was carried out is clipped.
"""


class TaskFamily(ABC):
    """A task family: batched functions of poses, actions and task parameters. It keeps no state.

    A task's parameters are numbers in metres. By default they are the start of the object, xyz, and the goal, xyz. The
    object is a puck by default.

    A subclass sets `parameters_low`, `parameters_high` and `success_radius`, and defines `reward_v2` and `expert`. It
    overrides what else is different. It needs one line in `mlrun.task_families`.

    Attributes:
        scene: what there is in each world.
        hand_home: where the hand settles before every episode, in metres.
        hand_low: lower corner of the box that the hand's target stays in, in metres.
        hand_high: upper corner.
        parameters_low: lower corner of the box that task parameters are drawn from.
        parameters_high: upper corner.
        min_goal_distance: metres from the start of the object to the goal, seen from above. Tasks with less are drawn
            again.
        success_radius: metres from the target within which the task is solved.
        infers_goal: whether the reference policies include a `GoalInferringExpert`. It needs task parameters of the
            default form, and `seen_positions`.
        reward_version: "v1" or "v2", the version of Meta-World's reward function.
    """

    scene: ClassVar[Scene] = SAWYER_AND_PUCK
    hand_home: ClassVar[Position] = HAND_HOME
    hand_low: ClassVar[Position] = (-0.5, 0.4, 0.05)
    hand_high: ClassVar[Position] = (0.5, 1.0, 0.5)
    parameters_low: ClassVar[tuple[float, ...]]
    parameters_high: ClassVar[tuple[float, ...]]
    min_goal_distance: ClassVar[float] = 0.15
    success_radius: ClassVar[float]
    infers_goal: ClassVar[bool] = True

    def __init__(self, reward: RewardVersion = "v2"):
        self.reward_version: RewardVersion = reward

    @property
    def settled(self) -> SettledState:
        """The state that episodes start from, before `reset` places the object."""
        return self.scene.settled(self.hand_home)

    def accepts(self, parameters: np.ndarray) -> bool:
        """Whether drawn parameters (numbers,) make a task. If not, they are drawn again."""
        return bool(np.linalg.norm(parameters[:2] - parameters[3:5]) >= self.min_goal_distance)

    def start(self, parameters: Tensor) -> Tensor:
        """Where the object starts, (worlds, 3) in metres."""
        return parameters[:, :3]

    def target(self, parameters: Tensor) -> Tensor:
        """Where the object, or the gripper, has to be, (worlds, 3) in metres. A visible goal shows this place."""
        return parameters[:, 3:]

    def reset(self, physics: Physics, parameters: Tensor, worlds: Tensor) -> None:
        """Starts an episode in the chosen worlds. The poses are fresh afterwards.

        Args:
            physics: worlds of the scene.
            parameters: (worlds, numbers), of each world's task.
            worlds: (worlds,) bool, where an episode starts.
        """
        physics.load(self.settled, worlds)
        physics.write_joint(PUCK, self.start(parameters), worlds)
        physics.forward()

    def observe(self, poses: Poses) -> Tensor:
        """One frame of the observation, (worlds, 18): hand, gripper opening, and the object's pose."""
        return observe_object(poses, PUCK)

    def seen_positions(self, observation: Tensor) -> Positions:
        """The positions that observations (worlds, 39) show, nearly. A family that overrides `observe` has its own."""
        return SeenPositions(observation, PUCK, self.settled)

    def reward_function(self, parameters: Tensor) -> RewardFunction:
        """Returns the reward function of episodes of these tasks, in the family's `reward_version`.

        Args:
            parameters: (worlds, numbers), one task per world.
        """
        version = {"v1": self.reward_v1, "v2": self.reward_v2}[self.reward_version]
        return version(self.start(parameters), self.target(parameters))

    @abstractmethod
    def reward_v2(self, start: Tensor, target: Tensor) -> RewardFunction:
        """Returns version 2 of the reward. What is constant in an episode is computed here, once.

        Args:
            start: (worlds, 3) where the object starts, in metres.
            target: (worlds, 3) where the object, or the gripper, has to be, in metres.
        """

    def reward_v1(self, start: Tensor, target: Tensor) -> RewardFunction:
        """Returns version 1 of the reward. The arguments are those of `reward_v2`.

        Raises:
            ValueError: the family has none, which is the default.
        """
        raise ValueError(f"{type(self).__name__.lower()} has no reward v1")

    @abstractmethod
    def expert(self, observation: Tensor, target: Tensor) -> Tensor:
        """The action of a scripted policy that sees the target.

        Args:
            observation: (worlds, 39)
            target: (worlds, 3) in metres, see `target`.

        Returns:
            (worlds, 4)
        """

    def careful_expert(self, observation: Tensor, target: Tensor) -> Tensor:
        """The expert's action if the target is known to a centimetre or two only. The arguments are those of `expert`.

        A family overrides it if its expert would then miss the success radius.
        """
        return self.expert(observation, target)

    def open_loop_actions(self, horizon: int) -> dict[str, Tensor]:
        """Fixed action sequences that may succeed without looking, (horizon, 4) each, by name. None by default."""
        return {}

    def reference_policies(
        self, parameters: Tensor, train_parameters: Tensor, horizon: int
    ) -> dict[str, ReferencePolicy]:
        """Policies that are not trained, by name. A success rate says little unless it is compared with theirs.

        The goal-blind expert aims at the mean target of the training tasks. The goal-inferring expert finds the target
        by the rewards of the episode. The expert sees the target.

        Args:
            parameters: (worlds, numbers), of the tasks that they play.
            train_parameters: (tasks, numbers), of the training tasks.
            horizon: control steps per episode.
        """
        targets, mean_target = self.target(parameters), self.target(train_parameters).mean(0)
        return {
            "goal-blind expert": self._towards(mean_target.expand_as(targets)),
            **{name: open_loop(actions) for name, actions in self.open_loop_actions(horizon).items()},
            **({"goal-inferring expert": GoalInferringExpert(self, mean_target)} if self.infers_goal else {}),
            "expert": self._towards(targets),
        }

    def _towards(self, targets: Tensor) -> ReferencePolicy:
        return lambda step, observation, reward: self.expert(observation, targets)


def load_family(name: str, reward: RewardVersion = "v2") -> TaskFamily:
    """Imports and makes one of the `TASK_FAMILIES`, by its name in the table."""
    module, _, attribute = TASK_FAMILIES[name].target.partition(":")
    return getattr(importlib.import_module(module), attribute)(reward)
