"""Pick-place: lift the puck and bring it to a goal in the air."""

from typing import Final

import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import Outcome, RewardFunction, TaskFamily
from mlrun.benchmarks.metaworld.grasping import (
    AT_PUCK,
    GOAL_RADIUS,
    IN_HAND,
    carry_puck,
    grasp_function,
    grasp_quality,
    info_v1,
    lifted,
    pads_y,
)
from mlrun.benchmarks.metaworld.rewards import hamacher_product, nearing
from mlrun.simulation.protocol import Positions
from mlrun.simulation.tabletop import PUCK

_CLEAR: Final = 0.01  # metres above the start from which version 2 gives its bonus
_HELD_HEIGHT: Final = 0.04  # metres above the start that version 1 calls held; it lets one centimetre less pass
_OUTWARDS: Final = ((1.0,), (-1.0,))  # the directions along y from the puck to the left and the right pad


class PickPlace(TaskFamily):
    """Meta-World's `pick-place-v3`: lift the puck and bring it to within 7 cm of a goal in the air.

    Reward "v2": let g be the quality of the grasp, p the puck's closeness to the goal, and h their Hamacher product,
    all in [0, 1]. The reward is h; with the puck lifted between the fingers, h + 1 + 5p; within 5 cm of the goal, 10.

    Reward "v1": the sum of rewards for coming to the puck, for lifting it by 3 cm, and for `nearing` the goal with it.
    """

    parameters_low = (-0.1, 0.6, 0.02, -0.1, 0.8, 0.05)
    parameters_high = (0.1, 0.7, 0.02, 0.1, 0.9, 0.3)
    success_radius = 0.07

    def reward_v2(self, start: Tensor, target: Tensor) -> RewardFunction:
        """Returns version 2 of the reward."""
        grasp_of, outwards = grasp_function(self.settled, start, target), start.new_tensor(_OUTWARDS)

        def reward(poses: Positions, action: Tensor) -> Outcome:
            beside = (pads_y(poses) - poses.body(PUCK)[:, 1]).mul_(outwards)
            # Meta-World means to take the margins from where the pads settled, but its arrays show where they are now.
            grasp = grasp_of(poses, beside, beside)
            in_hand = (grasp.gap < IN_HAND) & (poses.body(PUCK)[:, 2] - _CLEAR > start[:, 2])
            bonus = (1 + 5 * grasp.in_place) * in_hand
            quality, reward = grasp_quality(grasp.caging, action, _reward_with_bonus, grasp.in_place, bonus)
            reward = reward.masked_fill_(grasp.distance < GOAL_RADIUS, 10.0)
            success = grasp.distance <= self.success_radius
            return Outcome(reward, success, grasp.info(quality), may_be_grasped=lifted(poses, start))

        return reward

    def reward_v1(self, start: Tensor, target: Tensor) -> RewardFunction:
        """Returns version 1 of the reward."""
        rest = start[:, 2]
        held = rest + _HELD_HEIGHT
        above_start = torch.cat((start[:, :2], held[:, None]), dim=-1)
        greatest = torch.linalg.vector_norm(above_start - target, dim=-1) + held
        settled_height = self.settled.gripper_center[2]

        def reward(poses: Positions, action: Tensor) -> Outcome:
            puck = poses.body(PUCK)
            height = puck[:, 2]
            gap = torch.linalg.vector_norm(puck - poses.gripper_center, dim=-1)
            distance = torch.linalg.vector_norm(puck - target, dim=-1)
            up, near = height >= held - 0.01, gap < 0.1
            pick = torch.where(up, 100 * held, 100 * height * (near & (height > rest + 0.005)))
            place = nearing(distance, greatest) * (up & near)
            reward = _approach(poses, gap, action, settled_height) + pick + place
            return Outcome(reward, distance <= self.success_radius, info_v1(distance))

        return reward

    def expert(self, observation: Tensor, target: Tensor) -> Tensor:
        """Grasps the puck and carries it through the air."""
        return carry_puck(observation, target)


def _reward_with_bonus(quality: Tensor, in_place: Tensor, bonus: Tensor) -> Tensor:
    return hamacher_product(quality, in_place).add_(bonus)


def _approach(poses: Positions, gap: Tensor, action: Tensor, settled_height: Tensor) -> Tensor:
    """Version 1's reward for coming to the puck: over it at the settled height, then down, then closing."""
    gripper = poses.gripper_center
    aside = torch.linalg.vector_norm((poses.body(PUCK) - gripper)[:, :2], dim=-1)
    sunk = (gripper[:, 2] - settled_height).abs()
    closing = action[:, 3].clamp(0.0, 1.0) / 50
    return torch.where(aside < AT_PUCK, closing * (gap < AT_PUCK) - gap, -aside - 2 * sunk)
