"""Reach: bring the gripper to a goal in the air."""

from typing import Final

import torch
from torch import Tensor

from mlrun.benchmarks.ml1.manipulation import Evaluator, Outcome, RewardVersion
from mlrun.benchmarks.ml1.rewards import tolerance
from mlrun.simulation.physics import HAND_HOME, Poses

SUCCESS_RADIUS: Final = 0.05  # metres
_EXPERT_GAIN: Final = 5.0  # action per metre of error


class Reach:
    """Bring the point between the finger tips to within 5 cm of a goal. Meta-World's `reach-v3`, reward "v2".

    The puck lies on the table and plays no part.

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
    | 11-17       | zeros (a second object in other Meta-World problems)           | -        |
    | 18-35       | the same 18 numbers one step earlier                           |          |
    | 36-38       | zeros: the goal is hidden                                      | -        |

    With d the distance from gripper to goal and m the goal's distance from where the hand starts, the reward is
    10 within 5 cm and 10 / (1 + (3 (d - 0.05) / m)²) outside, so it tells the direction everywhere.
    """

    parameters_low = (-0.1, 0.6, 0.02, -0.1, 0.8, 0.05)
    parameters_high = (0.1, 0.7, 0.02, 0.1, 0.9, 0.3)

    def __init__(self, reward: RewardVersion = "v2"):
        self.reward = reward

    def target(self, parameters: Tensor) -> Tensor:
        """The goal itself."""
        return parameters[:, 3:]

    def evaluator(self, parameters: Tensor) -> Evaluator:
        """Reward, success and reward terms; Meta-World fills the info fields that reach has no use for like this."""
        goal = self.target(parameters)
        margin = torch.linalg.vector_norm(goal.new_tensor(HAND_HOME) - goal, dim=-1)
        ones = torch.ones_like(margin)

        def evaluate(poses: Poses, action: Tensor) -> Outcome:
            distance = torch.linalg.vector_norm(poses.gripper_center - goal, dim=-1)
            in_place = tolerance(distance, SUCCESS_RADIUS, margin)
            reward, success = 10 * in_place, distance <= SUCCESS_RADIUS
            terms = {
                "near_object": distance,
                "grasp_success": ones,
                "grasp_reward": distance,
                "in_place_reward": in_place,
                "obj_to_target": distance,
            }
            return Outcome(reward, success, terms)

        return evaluate

    def expert(self, observation: Tensor, goal: Tensor) -> Tensor:
        """Moves the hand straight towards the goal, in proportion to the distance, with the fingers at rest."""
        move = _EXPERT_GAIN * (goal - observation[:, :3])
        return torch.nn.functional.pad(move, (0, 1))
