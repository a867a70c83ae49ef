"""What push and pick-place have in common: a puck to be grasped and brought to a goal."""

from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.rewards import hamacher_product, tolerance
from mlrun.simulation.protocol import Poses
from mlrun.simulation.scene import SettledState
from mlrun.simulation.tabletop import PUCK

GOAL_RADIUS: Final = 0.05  # metres from puck to goal within which version 2 rewards fully
IN_HAND: Final = 0.02  # metres from gripper to puck that version 2 rewards
AT_PUCK: Final = 0.05  # metres from gripper to puck that version 1 rewards
_NEAR: Final = 0.03  # metres from gripper to puck that the info calls near
_LIFTED: Final = 0.02  # metres above the start that the info calls lifted
_PAD_REACH: Final = 0.05  # metres between pad and puck, along y, up to which the pad is beside the puck
_PAD_CONTACT: Final = 0.015  # metres between pad and puck, along y, below which the pad squeezes too hard
_LEVEL: Final = 0.005  # metres between gripper and puck in the x-z plane
_CAGED: Final = 0.97  # caging above which closing the fingers counts

_GAIN: Final = 10.0  # action per metre of error
_GRASP_HEIGHT: Final = 0.035  # metres from puck to hand when the fingers are beside the puck
_LOW: Final = 0.015  # metres above that from which on the fingers may close
_BESIDE: Final = 0.02  # metres between hand and puck, seen from above, within which they may close
_FUNNEL_RADIUS: Final = 0.015  # metres between them within which the hand may come down
_FUNNEL_SLOPE: Final = 5.0  # metres up per metre farther away
_FUNNEL_TOP: Final = 0.1  # metres
_CLOSED: Final = 0.72  # gripper opening with the puck between the fingers

# What is right for each pad's distance from the puck, for the gripper's in the x-z plane, and for the goal's.
_LOWER: Final = ((_PAD_CONTACT,), (_PAD_CONTACT,), (0.0,), (0.0,))
_UPPER: Final = ((_PAD_REACH,), (_PAD_REACH,), (_LEVEL,), (GOAL_RADIUS,))


class Grasp(NamedTuple):
    """Version 2's view of gripper, puck and goal, each (worlds,).

    Attributes:
        gap: metres from the point between the finger tips to the puck.
        distance: metres from puck to goal.
        caging: how well the open fingers surround the puck, in (0, 1].
        in_place: how near the puck is to its goal, in (0, 1].
    """

    gap: Tensor
    distance: Tensor
    caging: Tensor
    in_place: Tensor

    def terms(self, quality: Tensor) -> dict[str, Tensor]:
        """The info, of a grasp of that `quality` (worlds,)."""
        return {
            "near_object": self.gap <= _NEAR,
            "grasp_reward": quality,
            "in_place_reward": self.in_place,
            "obj_to_target": self.distance,
        }


def grasp_function(settled: SettledState, start: Tensor, target: Tensor) -> Callable[[Poses, Tensor, Tensor], Grasp]:
    """A function that measures the grasp in episodes that take the puck from `start` to `target`, (worlds, 3) each.

    Its arguments are the poses; the distance of the left and the right pad from the puck along y, in which direction
    the fingers close, (2, worlds); and how far the pads are from where the margin of that begins, (2, worlds).
    """
    gripper = settled.gripper_center.to(start)
    level_margin = torch.linalg.vector_norm((start - gripper)[:, ::2], dim=-1) - _LEVEL
    margins = torch.stack((level_margin, torch.linalg.vector_norm(start - target, dim=-1)))
    lower, upper = start.new_tensor(_LOWER), start.new_tensor(_UPPER)
    least_margin = torch.finfo(start.dtype).tiny  # keeps 0 / 0 out of the tolerance

    def grasp_of(poses: Poses, beside: Tensor, away: Tensor) -> Grasp:
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


def pads_y(poses: Poses) -> Tensor:
    """Where the left and the right pad are along y, (2, worlds)."""
    return torch.stack((poses.body("left_pad")[:, 1], poses.body("right_pad")[:, 1]))


def grasp_quality(
    caging: Tensor, action: Tensor, reward_of: Callable[..., Tensor], *terms: Tensor
) -> tuple[Tensor, Tensor]:
    """Half for caging the puck and half for closing the fingers around it, and a reward that depends on this.

    Wherever the fingers' effort enters, Meta-World computes in the float32 of the action, and so is it done here.

    Args:
        caging: (worlds,)
        action: (worlds, 4)
        reward_of: of the quality and the `terms`, computing in their precision.
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


def lifted(poses: Poses, start: Tensor) -> Tensor:
    """Whether the puck is above its `start` (worlds, 3), (worlds,) bool."""
    return poses.body(PUCK)[:, 2] - _LIFTED > start[:, 2]


def version_1_terms(distance: Tensor) -> dict[str, Tensor]:
    """Version 1's info: Meta-World computes nothing but the puck's distance from the goal, and calls all else 0."""
    zeros = torch.zeros_like(distance)
    return {
        "near_object": torch.ones_like(distance),  # at a distance of 0
        "grasp_success": zeros,
        "grasp_reward": zeros,
        "in_place_reward": zeros,
        "obj_to_target": distance,
    }


def carry_puck(observation: Tensor, goal: Tensor) -> Tensor:
    """The action (worlds, 4) that brings the puck nearer to the goal, from wherever the hand and the puck are.

    The hand comes down on the puck in a funnel: the farther away sideways, the higher it stays. With the puck between
    the fingers it closes them, and once they hold, it moves by what the puck lacks. A puck that slips is grasped again.

    Args:
        observation: (worlds, 39)
        goal: (worlds, 3)
    """
    hand, opening, puck = observation[:, :3], observation[:, 3], observation[:, 4:7]
    descent = puck - hand
    descent[:, 2] += _GRASP_HEIGHT
    aside = torch.linalg.vector_norm(descent[:, :2], dim=-1)
    surrounded = (aside < _BESIDE) & (descent[:, 2] > -_LOW)
    held = surrounded & (opening < _CLOSED)
    descent[:, 2] += (_FUNNEL_SLOPE * (aside - _FUNNEL_RADIUS)).clamp(0.0, _FUNNEL_TOP)
    move = torch.where(held[:, None], goal - puck, descent)
    grip = torch.where(surrounded, 1.0, -1.0)
    return torch.cat((_GAIN * move, grip[:, None]), dim=-1)
