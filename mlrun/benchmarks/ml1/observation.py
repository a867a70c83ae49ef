"""What the policy sees of a manipulation scene, as batched functions of its poses."""

from typing import Final

import torch
from torch import Tensor

from mlrun.simulation.physics import Poses

FRAME_SIZE: Final = 18
OBSERVATION_SIZE: Final = 2 * FRAME_SIZE + 3

_OPENING_SCALE: Final = 0.1  # metres between the claws when fully open
_HAND_LOW: Final = (-0.525, 0.348, -0.0525)
_HAND_HIGH: Final = (0.525, 1.025, 0.7)
_UNBOUNDED: Final = (float("inf"),) * (FRAME_SIZE - 4)


def observation_bounds() -> tuple[Tensor, Tensor]:
    """The observation space's lower and upper bounds, (39,) each; only hand, gripper and goal are bounded."""
    low = (*_HAND_LOW, -1.0, *(-bound for bound in _UNBOUNDED))
    high = (*_HAND_HIGH, 1.0, *_UNBOUNDED)
    hidden_goal = (0.0, 0.0, 0.0)
    return (
        torch.tensor(low + low + hidden_goal, dtype=torch.float64),
        torch.tensor(high + high + hidden_goal, dtype=torch.float64),
    )


def observe(poses: Poses) -> Tensor:
    """One frame of the observation, (worlds, 18): hand, gripper opening, puck position, puck quaternion, 7 zeros."""
    opening = torch.linalg.vector_norm(poses.right_claw - poses.left_claw, dim=-1, keepdim=True)
    opening = (opening / _OPENING_SCALE).clamp_(0.0, 1.0)
    padding = poses.puck.new_zeros(len(poses.puck), FRAME_SIZE - 11)
    return torch.cat((poses.hand, opening, poses.puck, quaternion_from_matrix(poses.puck_rotation), padding), dim=-1)


def quaternion_from_matrix(matrix: Tensor) -> Tensor:
    """Unit quaternions (x, y, z, w) of rotation matrices, with the signs that scipy chooses.

    All products 4·qᵢ·qⱼ are linear in the matrix. The row of the largest qᵢ², normalised, is the quaternion, and that
    component comes out positive (Shepperd 1978; Markley 2008).

    Args:
        matrix: (..., 3, 3) rotation matrices.

    Returns:
        (..., 4) quaternions; of equally large components, the first of x, y, z, w is the positive one.
    """
    m00, m01, m02, m10, m11, m12, m20, m21, m22 = matrix.flatten(-2).unbind(-1)
    trace = m00 + m11 + m22
    rest = 1 - trace
    xy, xz, yz = m10 + m01, m20 + m02, m21 + m12
    xw, yw, zw = m21 - m12, m02 - m20, m10 - m01
    products = (
        *(rest + 2 * m00, xy, xz, xw),
        *(xy, rest + 2 * m11, yz, yw),
        *(xz, yz, rest + 2 * m22, zw),
        *(xw, yw, zw, 1 + trace),
    )
    largest = torch.stack((m00, m11, m22, trace), dim=-1).argmax(-1)
    rows = torch.stack(products, dim=-1).unflatten(-1, (4, 4))
    row = rows.take_along_dim(largest[..., None, None], dim=-2).squeeze(-2)
    return row / torch.linalg.vector_norm(row, dim=-1, keepdim=True)
