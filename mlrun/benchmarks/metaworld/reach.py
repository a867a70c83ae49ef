"""Reach: bring the gripper to a goal in the air."""

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import Outcome, RewardFunction, TaskFamily
from mlrun.benchmarks.metaworld.rewards import nearing, tolerance
from mlrun.simulation.protocol import Poses
from mlrun.simulation.scene import Position

SUCCESS_RADIUS: Final = 0.05  # metres
_EXPERT_GAIN: Final = 5.0  # action per metre of error
_STRIDE: Final = 0.01  # metres that the hand's target moves along each axis in one step
_LANE: Final = 0.06  # metres between neighbouring lanes of the sweep
_HAND_ABOVE_FINGER_TIPS: Final = 0.045  # metres


class Reach(TaskFamily):
    """Bring the point between the finger tips to within 5 cm of a goal. Meta-World's `reach-v3`.

    The puck lies on the table and plays no part.

    Reward "v2": with d the distance from gripper to goal and m the goal's distance from where the hand starts,
    10 within 5 cm and 10 / (1 + (3 (d - 0.05) / m)²) outside, so it tells the direction everywhere.

    Reward "v1": `nearing` the goal from where the gripper starts.
    """

    parameters_low = (-0.1, 0.6, 0.02, -0.1, 0.8, 0.05)
    parameters_high = (0.1, 0.7, 0.02, 0.1, 0.9, 0.3)
    success_radius = SUCCESS_RADIUS

    def reward_function(self, parameters: Tensor) -> RewardFunction:
        """Reward, success and reward terms; Meta-World fills the info fields that reach has no use for like this."""
        goal = self.target(parameters)
        reward_of = self._version_1(goal) if self.reward == "v1" else self._version_2(goal)
        ones = goal.new_ones(len(goal))

        def reward(poses: Poses, action: Tensor) -> Outcome:
            distance = torch.linalg.vector_norm(poses.gripper_center - goal, dim=-1)
            reward, in_place = reward_of(distance)
            terms = {
                "near_object": distance,
                "grasp_success": ones,
                "grasp_reward": distance,
                "in_place_reward": in_place,
                "obj_to_target": distance,
            }
            return Outcome(reward, distance <= SUCCESS_RADIUS, terms)

        return reward

    def expert(self, observation: Tensor, goal: Tensor) -> Tensor:
        """Moves the hand straight towards the goal, in proportion to the distance, with the fingers at rest."""
        move = _EXPERT_GAIN * (goal - observation[:, :3])
        return torch.nn.functional.pad(move, (0, 1))

    def blind_actions(self, horizon: int) -> dict[str, Tensor]:
        """A sweep of the whole box of goals."""
        low, high = self.parameters_low[3:], self.parameters_high[3:]
        return {"goal-blind sweep": _sweep(self.hand_home, low, high, horizon)}

    def _version_2(self, goal: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        """The reward, and its term for being in place, from the distance to the goal, (worlds,) each."""
        margin = torch.linalg.vector_norm(goal.new_tensor(self.hand_home) - goal, dim=-1)
        center, rim = goal.new_tensor(0.0), goal.new_tensor(SUCCESS_RADIUS)

        def reward_of(distance: Tensor) -> tuple[Tensor, Tensor]:
            in_place = tolerance(distance, center, rim, margin)
            return 10 * in_place, in_place

        return reward_of

    def _version_1(self, goal: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        greatest = torch.linalg.vector_norm(self.settled.gripper_center.to(goal) - goal, dim=-1)

        def reward_of(distance: Tensor) -> tuple[Tensor, Tensor]:
            return nearing(distance, greatest), torch.zeros_like(distance)

        return reward_of


def _sweep(hand_home: Position, low: Sequence[float], high: Sequence[float], horizon: int) -> Tensor:
    """Actions (horizon, 4) that lead the finger tips through a box lane by lane, at full speed.

    Args:
        hand_home: where the hand starts, in metres.
        low: lower corner of the box, in metres.
        high: upper corner.
        horizon: how many; a short one cuts the sweep, after a long one the hand stays where it is.
    """
    waypoints = torch.tensor((hand_home, *_lanes(low, high)), dtype=torch.float64)
    legs = []
    for leg in waypoints.diff(dim=0):
        steps = max(1, int(torch.ceil(leg.abs().max() / _STRIDE - 1e-9)))
        legs.append((leg / steps / _STRIDE).expand(steps, 3))
    path = torch.cat(legs)[:horizon]
    return torch.nn.functional.pad(path, (0, 1, 0, horizon - len(path)))


def _lanes(low: Sequence[float], high: Sequence[float]) -> list[Position]:
    """Hand waypoints: vertical lanes side by side, back and forth, in two layers of depth."""
    (x_low, y_low, z_low), (x_high, y_high, z_high) = low, high
    lanes = max(2, round((x_high - x_low) / _LANE))
    x_centers = torch.linspace(x_low, x_high, 2 * lanes + 1, dtype=torch.float64)[1::2].tolist()
    waypoints, upwards = [], True
    for share in (0.25, 0.75):
        y = y_low + share * (y_high - y_low)
        for x in x_centers:
            ends = (z_low, z_high) if upwards else (z_high, z_low)
            waypoints += [(x, y, z + _HAND_ABOVE_FINGER_TIPS) for z in ends]
            upwards = not upwards
        x_centers.reverse()
    return waypoints
