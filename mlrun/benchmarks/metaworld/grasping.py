"""What push and pick-place share: rewards for grasping the puck, and the expert that carries it to the goal."""

from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.rewards import hamacher_product, tolerance
from mlrun.simulation.protocol import Positions
from mlrun.simulation.scene import SettledState
from mlrun.simulation.tabletop import PUCK

GOAL_RADIUS: Final = 0.05  # metres from puck to goal within which version 2 gives its full reward
IN_HAND: Final = 0.02  # metres from gripper to puck within which version 2 gives its bonus
AT_PUCK: Final = 0.05  # metres from gripper to puck within which version 1 rewards the next stage
_NEAR: Final = 0.03  # metres from gripper to puck that the info calls near
_LIFTED: Final = 0.02  # metres above the start that the info calls lifted
_PAD_REACH: Final = 0.05  # metres from pad to puck along y, up to which the pad is beside the puck
_PAD_CONTACT: Final = 0.015  # metres from pad to puck along y, below which the pad squeezes too hard
_LEVEL: Final = 0.005  # metres from gripper to puck in the x-z plane, up to which they are level
_CAGED: Final = 0.97  # caging above which closing the fingers counts

_GAIN: Final = 10.0  # action per metre of error
_GRASP_HEIGHT: Final = 0.035  # metres from puck to hand when the fingers are beside the puck
_LOW: Final = 0.015  # metres above that height, below which the fingers may close
_BESIDE: Final = 0.02  # metres from hand to puck, seen from above, within which the fingers may close
_FUNNEL_RADIUS: Final = 0.015  # metres from hand to puck, seen from above, within which the hand may come down
_FUNNEL_SLOPE: Final = 5.0  # metres up per metre outside that radius
_FUNNEL_TOP: Final = 0.1  # metres up at most
_CLOSED: Final = 0.72  # gripper opening below which the fingers hold the puck

# Bounds of the tolerances: distances of each pad and of the gripper from the puck, and of the puck from its goal.
_LOWER: Final = ((_PAD_CONTACT,), (_PAD_CONTACT,), (0.0,), (0.0,))
_UPPER: Final = ((_PAD_REACH,), (_PAD_REACH,), (_LEVEL,), (GOAL_RADIUS,))


class Grasp(NamedTuple):
    """What version 2 of the reward measures of gripper, puck and goal, each (worlds,).

    Attributes:
        gap: metres from the point between the finger tips to the puck.
        distance: metres from the puck to its goal.
        caging: how well the open fingers surround the puck, in (0, 1].
        in_place: how near the puck is to its goal, in (0, 1].
    """

    gap: Tensor
    distance: Tensor
    caging: Tensor
    in_place: Tensor

    def info(self, quality: Tensor) -> dict[str, Tensor]:
        """Meta-World's info for a grasp of that `quality` (worlds,)."""
        return {
            "near_object": self.gap <= _NEAR,
            "grasp_reward": quality,
            "in_place_reward": self.in_place,
            "obj_to_target": self.distance,
        }


def grasp_function(
    settled: SettledState, start: Tensor, target: Tensor
) -> Callable[[Positions, Tensor, Tensor], Grasp]:
    """Returns a function that measures the grasp after a step of an episode.

    Its arguments are the poses, the distances of the left and the right pad from the puck, and two more distances, from
    which the margins of the pads' tolerances follow. Distances are along y, in which direction the fingers close, and
    (2, worlds) in metres.

    Args:
        settled: the state that episodes start from.
        start: (worlds, 3) where the puck starts, in metres.
        target: (worlds, 3) where it has to be, in metres.
    """
    gripper = settled.gripper_center.to(start)
    level_margin = torch.linalg.vector_norm((start - gripper)[:, ::2], dim=-1) - _LEVEL
    margins = torch.stack((level_margin, torch.linalg.vector_norm(start - target, dim=-1)))
    lower, upper = start.new_tensor(_LOWER), start.new_tensor(_UPPER)
    least_margin = torch.finfo(start.dtype).tiny  # the tolerance would divide 0 by 0 otherwise

    def grasp_of(poses: Positions, beside: Tensor, away: Tensor) -> Grasp:
        puck = poses.body(PUCK)
        to_puck = puck - poses.gripper_center
        level = torch.linalg.vector_norm(to_puck[:, ::2], dim=-1)
        distance = torch.linalg.vector_norm(puck - target, dim=-1)
        pad_margins = away.abs().sub_(_PAD_REACH).abs_().clamp_(min=least_margin)
        values, margin = torch.cat((beside, level[None], distance[None])), torch.cat((pad_margins, margins))
        left, right, level, in_place = tolerance(values, lower, upper, margin).unbind()
        caging = hamacher_product(hamacher_product(left, right), level)
        return Grasp(torch.linalg.vector_norm(to_puck, dim=-1), distance, caging, in_place)

    return grasp_of


def pads_y(poses: Positions) -> Tensor:
    """The y coordinates of the left and the right pad, (2, worlds) in metres."""
    return torch.stack((poses.body("left_pad")[:, 1], poses.body("right_pad")[:, 1]))


def grasp_quality(
    caging: Tensor, action: Tensor, reward_of: Callable[..., Tensor], *terms: Tensor
) -> tuple[Tensor, Tensor]:
    """The quality of a grasp, and a reward that depends on it.

    Half of the quality is for caging the puck, and half for closing the fingers around it. Where the fingers' effort
    enters, Meta-World computes in the float32 of the action. So does this function.

    Args:
        caging: (worlds,), see `Grasp`.
        action: (worlds, 4)
        reward_of: the reward, given the quality and the `terms`. It computes in their precision.
        terms: (worlds,) float64 each.

    Returns:
        quality: (worlds,) float64 in [0, 1].
        reward: (worlds,) float64.
    """
    effort = action[:, 3].clamp(0.0, 1.0)
    gripped = (caging > _CAGED) & (effort > 0)
    caging_rounded = caging.to(effort.dtype)
    caged, held = caging / 2, hamacher_product(caging_rounded, effort).add_(caging_rounded).div_(2)
    reward_caged = reward_of(caged, *terms)
    reward_held = reward_of(held, *(term.to(effort.dtype) for term in terms))
    return torch.where(gripped, held, caged), torch.where(gripped, reward_held, reward_caged)


def lifted(poses: Positions, start: Tensor) -> Tensor:
    """Whether the puck is more than 2 cm above its `start` (worlds, 3), (worlds,) bool."""
    return poses.body(PUCK)[:, 2] - _LIFTED > start[:, 2]


def info_v1(distance: Tensor) -> dict[str, Tensor]:
    """Meta-World's info for version 1: it computes only the `distance` (worlds,) from puck to goal, in metres."""
    zeros = torch.zeros_like(distance)
    return {
        "near_object": torch.ones_like(distance),  # Meta-World takes 0 for the distance to the puck
        "grasp_success": zeros,
        "grasp_reward": zeros,
        "in_place_reward": zeros,
        "obj_to_target": distance,
    }


def carry_puck(observation: Tensor, target: Tensor) -> Tensor:
    """The expert's action, (worlds, 4): it grasps the puck and moves it to the target, wherever hand and puck are.

    The hand comes down on the puck in a funnel: the farther away sideways, the higher it stays. With the puck between
    the fingers it closes them. Once they hold the puck, the hand moves as the puck has to. If the puck slips, the
    expert grasps it again.

    Args:
        observation: (worlds, 39)
        target: (worlds, 3) in metres.
    """
    hand, opening, puck = observation[:, :3], observation[:, 3], observation[:, 4:7]
    descent = puck - hand
    descent[:, 2] += _GRASP_HEIGHT
    aside = torch.linalg.vector_norm(descent[:, :2], dim=-1)
    surrounded = (aside < _BESIDE) & (descent[:, 2] > -_LOW)
    held = surrounded & (opening < _CLOSED)
    descent[:, 2] += (_FUNNEL_SLOPE * (aside - _FUNNEL_RADIUS)).clamp(0.0, _FUNNEL_TOP)
    move = torch.where(held[:, None], target - puck, descent)
    grip = torch.where(surrounded, 1.0, -1.0)
    return torch.cat((_GAIN * move, grip[:, None]), dim=-1)
