"""Reach: bring the gripper to a goal in the air."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import Evaluator, Outcome, RewardVersion
from mlrun.benchmarks.metaworld.rewards import nearing, tolerance
from mlrun.benchmarks.metaworld.sweep import sweep_actions
from mlrun.simulation.protocol import Poses
from mlrun.simulation.settling import HAND_HOME, settled_state

SUCCESS_RADIUS: Final = 0.05  # metres
_EXPERT_GAIN: Final = 5.0  # action per metre of error


class Reach:
    """Bring the point between the finger tips to within 5 cm of a goal. Meta-World's `reach-v3`.

    The puck lies on the table and plays no part.

    Reward "v2": with d the distance from gripper to goal and m the goal's distance from where the hand starts,
    10 within 5 cm and 10 / (1 + (3 (d - 0.05) / m)²) outside, so it tells the direction everywhere.

    Reward "v1": `nearing` the goal from where the gripper starts.
    """

    parameters_low = (-0.1, 0.6, 0.02, -0.1, 0.8, 0.05)
    parameters_high = (0.1, 0.7, 0.02, 0.1, 0.9, 0.3)
    success_radius = SUCCESS_RADIUS

    def __init__(self, reward: RewardVersion = "v2"):
        self.reward = reward

    def start(self, parameters: Tensor) -> Tensor:
        """Where the task puts the puck."""
        return parameters[:, :3]

    def target(self, parameters: Tensor) -> Tensor:
        """The goal itself."""
        return parameters[:, 3:]

    def evaluator(self, parameters: Tensor) -> Evaluator:
        """Reward, success and reward terms; Meta-World fills the info fields that reach has no use for like this."""
        goal = self.target(parameters)
        judge = {"v1": _version_1, "v2": _version_2}[self.reward](goal)
        ones = goal.new_ones(len(goal))

        def evaluate(poses: Poses, action: Tensor) -> Outcome:
            distance = torch.linalg.vector_norm(poses.gripper_center - goal, dim=-1)
            reward, in_place = judge(distance)
            terms = {
                "near_object": distance,
                "grasp_success": ones,
                "grasp_reward": distance,
                "in_place_reward": in_place,
                "obj_to_target": distance,
            }
            return Outcome(reward, distance <= SUCCESS_RADIUS, terms)

        return evaluate

    def expert(self, observation: Tensor, goal: Tensor) -> Tensor:
        """Moves the hand straight towards the goal, in proportion to the distance, with the fingers at rest."""
        move = _EXPERT_GAIN * (goal - observation[:, :3])
        return torch.nn.functional.pad(move, (0, 1))

    def blind_actions(self, horizon: int) -> dict[str, Tensor]:
        """A sweep of the whole box of goals."""
        return {"goal-blind sweep": sweep_actions(self.parameters_low[3:], self.parameters_high[3:], horizon)}


def _version_2(goal: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    margin = torch.linalg.vector_norm(goal.new_tensor(HAND_HOME) - goal, dim=-1)
    center, rim = goal.new_tensor(0.0), goal.new_tensor(SUCCESS_RADIUS)

    def judge(distance: Tensor) -> tuple[Tensor, Tensor]:
        in_place = tolerance(distance, center, rim, margin)
        return 10 * in_place, in_place

    return judge


def _version_1(goal: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    greatest = torch.linalg.vector_norm(settled_state().gripper_center.to(goal) - goal, dim=-1)

    def judge(distance: Tensor) -> tuple[Tensor, Tensor]:
        return nearing(distance, greatest), torch.zeros_like(distance)

    return judge
