"""Worlds of one task family: reset, step, observation and info."""

from typing import Final

import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import Outcome, RewardFunction, TaskFamily
from mlrun.benchmarks.metaworld.observation import observation_bounds
from mlrun.benchmarks.protocol import Transition
from mlrun.simulation.protocol import Physics
from mlrun.task_families import ACTION_SIZE, FRAME_SIZE, OBSERVATION_SIZE

_ACTION_SCALE: Final = 0.01  # metres per control step


class ManipulationWorlds:
    """Worlds of one task family that are reset and stepped together, each with a task of its own.

    Episodes never terminate. The caller ends them after `horizon` steps. A world's trajectory is bit-identical for any
    number of worlds and threads, and for any tasks of the other worlds. With MuJoCo Warp on a GPU it is nearly so.

    Results are on the device of the physics and in its precision. Actions must be on that device too.

    | action | meaning                      | range    | effect                       |
    |--------|------------------------------|----------|------------------------------|
    | 0-2    | move the hand's target x y z | -1 .. 1  | 1 cm per control step        |
    | 3      | close the fingers            | -1 .. 1  | position command, 1 is shut  |

    | observation | meaning                                                        | unit     |
    |-------------|----------------------------------------------------------------|----------|
    | 0-2         | hand x y z                                                     | m        |
    | 3           | gripper opening, 1 is open                                     | 0.1 m    |
    | 4-6         | puck x y z                                                     | m        |
    | 7-10        | puck quaternion x y z w                                        | -        |
    | 11-17       | zeros (a second object in other families)                      | -        |
    | 18-35       | the same 18 numbers one step earlier                           |          |
    | 36-38       | the goal x y z, or zeros if it is hidden                       | m        |

    Args:
        family: defines reset, observation, reward and success.
        physics: worlds of the family's scene.
        horizon: control steps per episode.
        goal_visible: whether observations end with the goal instead of three zeros.

    Attributes:
        device: of the physics.
        observation_low: (39,) lower bounds of an observation.
        observation_high: (39,) upper bounds.
    """

    observation_size = OBSERVATION_SIZE
    action_size = ACTION_SIZE

    def __init__(self, family: TaskFamily, physics: Physics, horizon: int, *, goal_visible: bool = False):
        self.num_worlds = physics.num_worlds
        self.horizon = horizon
        self.family = family
        self.physics = physics
        like = physics.hand_target
        self.device = like.device
        self._hand_box = like.new_tensor(family.hand_low), like.new_tensor(family.hand_high)
        self._parameters = like.new_zeros(self.num_worlds, len(family.parameters_low))
        self._reward: RewardFunction = family.reward_function(self._parameters)
        self._frame = like.new_zeros(self.num_worlds, FRAME_SIZE)
        self._goal_visible = goal_visible
        self._shown_goal = like.new_zeros(self.num_worlds, 3)
        self._observation = like.new_zeros(self.num_worlds, OBSERVATION_SIZE)
        self._outcome: Outcome | None = None
        goal_box = (family.parameters_low[-3:], family.parameters_high[-3:]) if goal_visible else ()
        self.observation_low, self.observation_high = (bound.to(like) for bound in observation_bounds(*goal_box))

    @torch.no_grad()
    def reset(self, task_parameters: Tensor, worlds: Tensor | None = None) -> Tensor:
        """Starts an episode in every world, or in some of them.

        Args:
            task_parameters: (worlds, numbers) float64 in metres, of each world's task, on any device.
            worlds: (worlds,) bool, the worlds to reset. In the others episodes go on; their parameters are not read.

        Returns:
            (worlds, 39) observations. The first one of an episode has the current frame as its previous frame too.

        Raises:
            ValueError: the parameters have another shape or precision. Rounded ones would make another benchmark.
        """
        previous, given = self._parameters, task_parameters
        if given.shape != previous.shape or given.dtype != torch.float64:
            raise ValueError(
                f"task parameters must be {tuple(previous.shape)} of torch.float64, "
                f"not {tuple(given.shape)} of {given.dtype}"
            )
        worlds = torch.ones(self.num_worlds, dtype=torch.bool) if worlds is None else worlds
        worlds = worlds.to(previous.device)
        self._parameters = torch.where(worlds[:, None], given.to(previous), previous)
        self._reward = self.family.reward_function(self._parameters)
        self._outcome = None
        if self._goal_visible:
            self._shown_goal = self.family.target(self._parameters)
        self.family.reset(self.physics, self._parameters, worlds)
        frame = self.family.observe(self.physics.poses)
        first = torch.cat((frame, frame, self._shown_goal), dim=-1)
        self._frame = frame
        self._observation = torch.where(worlds[:, None], first, self._observation)
        return self._observation

    @torch.no_grad()
    def step(self, action: Tensor) -> Transition:
        """Takes one action in every world.

        Args:
            action: (worlds, 4), clipped to [-1, 1]. Actions in float32 are scaled in float32, as Meta-World does.

        Raises:
            ValueError: the actions have another shape.
        """
        if action.shape != (self.num_worlds, ACTION_SIZE):
            raise ValueError(f"actions must be ({self.num_worlds}, {ACTION_SIZE}), not {tuple(action.shape)}")
        _move_target(self.physics.hand_target, action, self._hand_box)
        self.physics.step(action[:, 3])
        self._outcome = self._reward(self.physics.poses, action)
        self._observation = self._next_observation()
        return Transition(self._observation, self._outcome.reward, self._outcome.success)

    def info(self) -> dict[str, Tensor]:
        """Meta-World's info of the last step, by its names, (worlds,) float64 each.

        Raises:
            RuntimeError: there was no step since the last reset.
        """
        if self._outcome is None:
            raise RuntimeError("there is no info before the first step of an episode")
        reward, success, others, may_be_grasped = self._outcome
        info = {"success": success, "unscaled_reward": reward, **others}
        if may_be_grasped is not None:
            info["grasp_success"] = self.physics.pads_press(may_be_grasped)
        return {name: value.to(torch.float64) for name, value in info.items()}

    def warnings(self) -> dict[str, Tensor]:
        """MuJoCo's warnings since the reset, (worlds,) counts by its names for them. See `Physics.warnings`."""
        return self.physics.warnings()

    def unstable(self) -> Tensor:
        """The worlds, (worlds,) bool, in which a number was too large since the reset. What they show means nothing."""
        warnings = self.physics.warnings()
        return (warnings["BADQPOS"] + warnings["BADQVEL"] + warnings["BADQACC"]) > 0

    def _next_observation(self) -> Tensor:
        frame, previous = self.family.observe(self.physics.poses), self._frame
        self._frame = frame
        observation = torch.cat((frame, previous, self._shown_goal), dim=-1)
        return observation.clamp_(self.observation_low, self.observation_high)


def hand_targets(family: TaskFamily, actions: Tensor) -> Tensor:
    """The hand's targets in episodes with these actions.

    Args:
        family: has the hand's home and the box of its target.
        actions: (steps, worlds, 4)

    Returns:
        (steps, worlds, 3) float64 in metres, the target after each action.
    """
    target = torch.tensor(family.hand_home, dtype=torch.float64).repeat(actions.shape[1], 1)
    targets = torch.empty(*actions.shape[:2], 3, dtype=torch.float64)
    box = target.new_tensor(family.hand_low), target.new_tensor(family.hand_high)
    for step, action in enumerate(actions):
        _move_target(target, action, box)
        targets[step] = target
    return targets


def _move_target(target: Tensor, action: Tensor, box: tuple[Tensor, Tensor]) -> None:
    """Moves the hand's `target` (worlds, 3) in place."""
    target += action[:, :3].clamp(-1.0, 1.0) * _ACTION_SCALE
    torch.clamp(target, *box, out=target)
