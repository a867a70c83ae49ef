"""Push: bring the puck to a goal on the table."""

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
from mlrun.benchmarks.metaworld.rewards import nearing
from mlrun.simulation.protocol import Positions
from mlrun.simulation.tabletop import PUCK


class Push(TaskFamily):
    """Meta-World's `push-v3`: bring the puck to within 5 cm of a goal on the table.

    The heights in a task's parameters are not used. Start and goal have the height of the puck at rest on the table.

    Reward "v2": let g be the quality of the grasp and p the puck's closeness to the goal, both in [0, 1]. The reward is
    2g; with the puck between the fingers, 4g + 1 + 5p; within 5 cm of the goal, 10.

    Reward "v1": minus the distance from gripper to puck, plus a reward for `nearing` the goal while the gripper is
    within 5 cm of the puck. Distances to the goal are then seen from above, also the one for success.
    """

    parameters_low = (-0.1, 0.6, 0.02, -0.1, 0.8, 0.01)
    parameters_high = (0.1, 0.7, 0.02, 0.1, 0.9, 0.02)
    success_radius = 0.05

    def start(self, parameters: Tensor) -> Tensor:
        """The puck at rest, (worlds, 3) in metres."""
        return self._at_rest(parameters[:, :3])

    def target(self, parameters: Tensor) -> Tensor:
        """The goal, at the height of a puck at rest, (worlds, 3) in metres."""
        return self._at_rest(parameters[:, 3:])

    def reward_v2(self, start: Tensor, target: Tensor) -> RewardFunction:
        """Returns version 2 of the reward."""
        grasp_of, start_y = grasp_function(self.settled, start, target), start[:, 1]

        def reward(poses: Positions, action: Tensor) -> Outcome:
            pads = pads_y(poses)
            grasp = grasp_of(poses, (pads - poses.body(PUCK)[:, 1]).abs_(), pads - start_y)
            quality, in_hand = grasp_quality(grasp.caging, action, _reward_in_hand, 5 * grasp.in_place)
            # Meta-World also asks whether the gripper is open. The claws never meet, so it always is.
            reward = torch.where(grasp.gap < IN_HAND, in_hand, 2 * quality)
            reward = reward.masked_fill_(grasp.distance < GOAL_RADIUS, 10.0)
            success = grasp.distance <= self.success_radius
            return Outcome(reward, success, grasp.info(quality), may_be_grasped=lifted(poses, start))

        return reward

    def reward_v1(self, start: Tensor, target: Tensor) -> RewardFunction:
        """Returns version 1 of the reward."""
        greatest = torch.linalg.vector_norm((start - target)[:, :2], dim=-1)

        def reward(poses: Positions, action: Tensor) -> Outcome:
            puck = poses.body(PUCK)
            gap = torch.linalg.vector_norm(puck - poses.gripper_center, dim=-1)
            distance = torch.linalg.vector_norm((puck - target)[:, :2], dim=-1)
            reward = nearing(distance, greatest) * (gap < AT_PUCK) - gap
            return Outcome(reward, distance <= self.success_radius, info_v1(distance))

        return reward

    def expert(self, observation: Tensor, target: Tensor) -> Tensor:
        """Grasps the puck and drags it over the table."""
        target_at_puck_height = torch.cat((target[:, :2], observation[:, 6:7]), dim=-1)
        return carry_puck(observation, target_at_puck_height)

    def _at_rest(self, position: Tensor) -> Tensor:
        height = torch.full_like(position[:, :1], float(self.settled.bodies[PUCK][2]))
        return torch.cat((position[:, :2], height), dim=-1)


def _reward_in_hand(quality: Tensor, closeness: Tensor) -> Tensor:
    twice = 2 * quality
    return twice + (1 + twice).add_(closeness)
