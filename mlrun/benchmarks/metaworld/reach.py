"""Reach: bring the gripper to a goal in the air."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import Outcome, RewardFunction, TaskFamily
from mlrun.benchmarks.metaworld.rewards import nearing, tolerance
from mlrun.simulation.protocol import Positions
from mlrun.simulation.scene import Position

_EXPERT_GAIN: Final = 5.0  # action per metre of error
_STRIDE: Final = 0.01  # metres that the hand's target moves along each axis in one step
_LANE: Final = 0.06  # metres between neighbouring lanes of the sweep
_HAND_ABOVE_FINGER_TIPS: Final = 0.045  # metres


class Reach(TaskFamily):
    """Meta-World's `reach-v3`: bring the point between the finger tips to within 5 cm of a goal in the air.

    The puck lies on the table and plays no part.

    Reward "v2": let d be the distance from gripper to goal, and m the goal's distance from the hand's home. The reward
    is 10 within 5 cm, and 10 / (1 + (3 (d - 0.05) / m)²) outside. So it has a slope everywhere outside.

    Reward "v1": for `nearing` the goal from where the gripper starts.
    """

    parameters_low = (-0.1, 0.6, 0.02, -0.1, 0.8, 0.05)
    parameters_high = (0.1, 0.7, 0.02, 0.1, 0.9, 0.3)
    success_radius = 0.05

    def reward_v2(self, start: Tensor, target: Tensor) -> RewardFunction:
        """Returns version 2 of the reward."""
        margin = torch.linalg.vector_norm(target.new_tensor(self.hand_home) - target, dim=-1)
        lower, upper = target.new_tensor(0.0), target.new_tensor(self.success_radius)
        ones = torch.ones_like(margin)

        def reward(poses: Positions, action: Tensor) -> Outcome:
            distance = torch.linalg.vector_norm(poses.gripper_center - target, dim=-1)
            in_place = tolerance(distance, lower, upper, margin)
            return Outcome(10 * in_place, distance <= self.success_radius, _info(distance, in_place, ones))

        return reward

    def reward_v1(self, start: Tensor, target: Tensor) -> RewardFunction:
        """Returns version 1 of the reward."""
        greatest = torch.linalg.vector_norm(self.settled.gripper_center.to(target) - target, dim=-1)
        ones = torch.ones_like(greatest)

        def reward(poses: Positions, action: Tensor) -> Outcome:
            distance = torch.linalg.vector_norm(poses.gripper_center - target, dim=-1)
            info = _info(distance, torch.zeros_like(distance), ones)
            return Outcome(nearing(distance, greatest), distance <= self.success_radius, info)

        return reward

    def expert(self, observation: Tensor, target: Tensor) -> Tensor:
        """Moves the hand straight towards the target, in proportion to the distance. The fingers rest."""
        move = _EXPERT_GAIN * (target - observation[:, :3])
        return torch.nn.functional.pad(move, (0, 1))

    def careful_expert(self, observation: Tensor, target: Tensor) -> Tensor:
        """Moves the finger tips to the target. The expert moves the hand there, which leaves them 5 mm to spare."""
        return self.expert(observation, target + target.new_tensor((0.0, 0.0, _HAND_ABOVE_FINGER_TIPS)))

    def open_loop_actions(self, horizon: int) -> dict[str, Tensor]:
        """A sweep of the whole box of goals."""
        low, high = self.parameters_low[3:], self.parameters_high[3:]
        return {"goal-blind sweep": _sweep(self.hand_home, low, high, horizon)}


def _info(distance: Tensor, in_place: Tensor, ones: Tensor) -> dict[str, Tensor]:
    """Meta-World's info: it fills the fields for grasping like this, though nothing is grasped."""
    return {
        "near_object": distance,
        "grasp_success": ones,
        "grasp_reward": distance,
        "in_place_reward": in_place,
        "obj_to_target": distance,
    }


def _sweep(hand_home: Position, low: Sequence[float], high: Sequence[float], horizon: int) -> Tensor:
    """Actions (horizon, 4) that lead the finger tips through a box at full speed, lane by lane.

    Args:
        hand_home: where the hand starts, in metres.
        low: lower corner of the box, in metres.
        high: upper corner.
        horizon: the number of actions. A short one cuts the sweep. At the end of the sweep the hand stays.
    """
    waypoints = torch.tensor((hand_home, *_lanes(low, high)), dtype=torch.float64)
    legs = []
    for leg in waypoints.diff(dim=0):
        steps = max(1, int(torch.ceil(leg.abs().max() / _STRIDE - 1e-9)))
        legs.append((leg / steps / _STRIDE).expand(steps, 3))
    path = torch.cat(legs)[:horizon]
    return torch.nn.functional.pad(path, (0, 1, 0, horizon - len(path)))


def _lanes(low: Sequence[float], high: Sequence[float]) -> list[Position]:
    """Positions of the hand, in order: vertical lanes side by side, up and down in turn, in two layers of depth."""
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
