"""Observations as batched functions of poses, and their bounds."""

import functools
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from mlrun.simulation.protocol import Poses
from mlrun.simulation.scene import SettledState
from mlrun.task_families import FRAME_SIZE

_OPENING_SCALE: Final = 0.1  # metres between the claws when fully open
_HAND_LOW: Final = (-0.525, 0.348, -0.0525)  # metres: where Meta-World says that the hand may be
_HAND_HIGH: Final = (0.525, 1.025, 0.7)
_UNBOUNDED: Final = (float("inf"),) * (FRAME_SIZE - 4)

# Two entries of a rotation matrix m give a product of quaternion components: xy = m01 + m10, xz = m02 + m20,
# yz = m12 + m21, xw = m21 - m12, yw = m02 - m20, zw = m10 - m01. Here are their places in the flattened matrix.
_FIRST: Final = (1, 2, 5, 7, 2, 3)
_SECOND: Final = (3, 6, 7, 5, 6, 1)
_SIGN: Final = (1, 1, 1, -1, -1, -1)

# Where the list xx, yy, zz, ww, xy, xz, yz, xw, yw, zw has the products of each component with x, y, z, w.
_PRODUCTS_WITH: Final = ((0, 4, 5, 7), (4, 1, 6, 8), (5, 6, 2, 9), (7, 8, 9, 3))


def observation_bounds(
    goal_low: Sequence[float] = (0.0, 0.0, 0.0), goal_high: Sequence[float] = (0.0, 0.0, 0.0)
) -> tuple[Tensor, Tensor]:
    """Lower and upper bounds of an observation, (39,) float64 each. Only hand, gripper and goal are bounded.

    Args:
        goal_low: lower corner of the box that goals are drawn from. The default is for a hidden goal, which reads zero.
        goal_high: upper corner.
    """
    low = (*_HAND_LOW, -1.0, *(-bound for bound in _UNBOUNDED))
    high = (*_HAND_HIGH, 1.0, *_UNBOUNDED)
    return (
        torch.tensor((*low, *low, *goal_low), dtype=torch.float64),
        torch.tensor((*high, *high, *goal_high), dtype=torch.float64),
    )


def observe_object(poses: Poses, body: str) -> Tensor:
    """One frame, (worlds, 18): hand position, gripper opening, a body's position and quaternion, and 7 zeros."""
    opening = torch.linalg.vector_norm(poses.body("right_claw") - poses.body("left_claw"), dim=-1, keepdim=True)
    opening = (opening / _OPENING_SCALE).clamp_(0.0, 1.0)
    position = poses.body(body)
    padding = position.new_zeros(len(position), FRAME_SIZE - 11)
    return torch.cat(
        (poses.body("hand"), opening, position, quaternion_from_matrix(poses.rotation(body)), padding), dim=-1
    )


class SeenPositions:
    """The positions that observations show, nearly: as if the hand never tilted, and both fingers moved alike.

    It has the hand, its pads and the observed body. It follows `mlrun.simulation.protocol.Positions`.

    Args:
        frame: (worlds, 18), of `observe_object`. What follows in an observation is not read.
        body: that was observed.
        settled: a state of the same scene, which shows how the hand is built.

    Attributes:
        gripper_center: the point between the finger tips, (worlds, 3) in metres.
    """

    def __init__(self, frame: Tensor, body: str, settled: SettledState):
        hand, built = frame[:, :3], settled.bodies
        self.gripper_center = hand + (settled.gripper_center - built["hand"]).to(frame)
        self._bodies = {"hand": hand, body: frame[:, 4:7]}
        for side, outwards in (("left", 0.5), ("right", -0.5)):
            claw = hand.clone()
            claw[:, 1] += outwards * _OPENING_SCALE * frame[:, 3]
            self._bodies[f"{side}_pad"] = claw + (built[f"{side}_pad"] - built[f"{side}_claw"]).to(frame)

    def body(self, name: str) -> Tensor:
        """The position of a body, (worlds, 3) in metres."""
        return self._bodies[name]


def quaternion_from_matrix(matrix: Tensor) -> Tensor:
    """Converts rotation matrices to unit quaternions (x, y, z, w), with the signs that scipy chooses.

    All products 4·qᵢ·qⱼ are linear in the matrix. The products with the largest component, normalised, are the
    quaternion. So that component is positive (Shepperd 1978; Markley 2008).

    Args:
        matrix: (..., 3, 3) rotation matrices.

    Returns:
        (..., 4) quaternions. If several components are equally large, the first of x, y, z, w is positive.
    """
    first, second, sign, products_with = _constants(matrix.device, matrix.dtype)
    entries = matrix.flatten(-2)
    diagonal = entries[..., ::4]
    trace = (diagonal[..., 0] + diagonal[..., 1] + diagonal[..., 2]).unsqueeze(-1)
    squares = torch.add(1 - trace, diagonal, alpha=2), 1 + trace
    mixed = torch.addcmul(entries.index_select(-1, first), entries.index_select(-1, second), sign)
    products = torch.cat((*squares, mixed), dim=-1)
    largest = products[..., :4].argmax(-1)
    quaternion = products.gather(-1, products_with[largest])
    return quaternion / torch.linalg.vector_norm(quaternion, dim=-1, keepdim=True)


@functools.cache
def _constants(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The tables above as tensors on a device."""
    first, second, products_with = (torch.tensor(table, device=device) for table in (_FIRST, _SECOND, _PRODUCTS_WITH))
    return first, second, torch.tensor(_SIGN, device=device, dtype=dtype), products_with
