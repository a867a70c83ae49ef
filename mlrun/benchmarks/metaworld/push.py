"""Push: bring the puck to a goal on the table."""

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
    lifted,
    pads_y,
    version_1_terms,
)
from mlrun.benchmarks.metaworld.rewards import nearing
from mlrun.simulation.protocol import Poses
from mlrun.simulation.tabletop import PUCK

SUCCESS_RADIUS: Final = 0.05  # metres


class Push(TaskFamily):
    """Bring the puck to within 5 cm of a goal on the table. Meta-World's `push-v3`.

    The heights in a task's parameters are not used: the puck starts, and has its goal, where it rests on the table.

    Reward "v2": with g the quality of the grasp and p the puck's closeness to the goal, both in [0, 1], 2g, or
    4g + 1 + 5p with the puck between the fingers, and 10 within 5 cm of the goal.

    Reward "v1": minus the distance from gripper to puck, and within 5 cm of the puck its `nearing` the goal from where
    it starts. Distances to the goal, the one for success included, are then seen from above.
    """

    parameters_low = (-0.1, 0.6, 0.02, -0.1, 0.8, 0.01)
    parameters_high = (0.1, 0.7, 0.02, 0.1, 0.9, 0.02)
    success_radius = SUCCESS_RADIUS

    def start(self, parameters: Tensor) -> Tensor:
        """The puck at rest."""
        return self._at_rest(parameters[:, :3])

    def target(self, parameters: Tensor) -> Tensor:
        """The goal, at the height of a puck at rest."""
        return self._at_rest(self.goal(parameters))

    def reward_function(self, parameters: Tensor) -> RewardFunction:
        """Reward, success and reward terms."""
        version = {"v1": self._version_1, "v2": self._version_2}[self.reward]
        return version(self.start(parameters), self.target(parameters))

    def expert(self, observation: Tensor, goal: Tensor) -> Tensor:
        """Grasps the puck and drags it over the table."""
        at_the_puck_s_height = torch.cat((goal[:, :2], observation[:, 6:7]), dim=-1)
        return carry_puck(observation, at_the_puck_s_height)

    def _version_2(self, start: Tensor, target: Tensor) -> RewardFunction:
        grasp_of, start_y = grasp_function(self.settled, start, target), start[:, 1]

        def reward(poses: Poses, action: Tensor) -> Outcome:
            pads = pads_y(poses)
            grasp = grasp_of(poses, (pads - poses.body(PUCK)[:, 1]).abs_(), pads - start_y)
            quality, in_hand = grasp_quality(grasp.caging, action, _reward_in_hand, 5 * grasp.in_place)
            # The claws never meet, so that the original's question whether the gripper is open needs no answer.
            reward = torch.where(grasp.gap < IN_HAND, in_hand, 2 * quality)
            reward = reward.masked_fill_(grasp.distance < GOAL_RADIUS, 10.0)
            success = grasp.distance <= SUCCESS_RADIUS
            return Outcome(reward, success, grasp.terms(quality), may_be_grasped=lifted(poses, start))

        return reward

    def _version_1(self, start: Tensor, target: Tensor) -> RewardFunction:
        greatest = torch.linalg.vector_norm((start - target)[:, :2], dim=-1)

        def reward(poses: Poses, action: Tensor) -> Outcome:
            puck = poses.body(PUCK)
            gap = torch.linalg.vector_norm(puck - poses.gripper_center, dim=-1)
            distance = torch.linalg.vector_norm((puck - target)[:, :2], dim=-1)
            reward = nearing(distance, greatest) * (gap < AT_PUCK) - gap
            return Outcome(reward, distance <= SUCCESS_RADIUS, version_1_terms(distance))

        return reward

    def _at_rest(self, position: Tensor) -> Tensor:
        height = torch.full_like(position[:, :1], float(self.settled.bodies[PUCK][2]))
        return torch.cat((position[:, :2], height), dim=-1)


def _reward_in_hand(quality: Tensor, closeness: Tensor) -> Tensor:
    twice = 2 * quality
    return twice + (1 + twice).add_(closeness)
