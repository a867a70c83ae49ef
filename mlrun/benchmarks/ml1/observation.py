"""What the policy sees of a manipulation scene, as batched functions of its poses."""

import functools
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from mlrun.benchmarks.ml1.sizes import FRAME_SIZE
from mlrun.simulation.physics import Poses

_OPENING_SCALE: Final = 0.1  # metres between the claws when fully open
_HAND_LOW: Final = (-0.525, 0.348, -0.0525)
_HAND_HIGH: Final = (0.525, 1.025, 0.7)
_UNBOUNDED: Final = (float("inf"),) * (FRAME_SIZE - 4)


def observation_bounds(
    goal_low: Sequence[float] = (0.0, 0.0, 0.0), goal_high: Sequence[float] = (0.0, 0.0, 0.0)
) -> tuple[Tensor, Tensor]:
    """The observation space's lower and upper bounds, (39,) each; only hand, gripper and goal are bounded.

    Args:
        goal_low: lower corner of the box that goals are drawn from; a hidden goal reads zero.
        goal_high: upper corner.
    """
    low = (*_HAND_LOW, -1.0, *(-bound for bound in _UNBOUNDED))
    high = (*_HAND_HIGH, 1.0, *_UNBOUNDED)
    return (
        torch.tensor((*low, *low, *goal_low), dtype=torch.float64),
        torch.tensor((*high, *high, *goal_high), dtype=torch.float64),
    )


def observe(poses: Poses) -> Tensor:
    """One frame of the observation, (worlds, 18): hand, gripper opening, puck position, puck quaternion, 7 zeros."""
    opening = torch.linalg.vector_norm(poses.right_claw - poses.left_claw, dim=-1, keepdim=True)
    opening = (opening / _OPENING_SCALE).clamp_(0.0, 1.0)
    padding = poses.puck.new_zeros(len(poses.puck), FRAME_SIZE - 11)
    return torch.cat((poses.hand, opening, poses.puck, quaternion_from_matrix(poses.puck_rotation), padding), dim=-1)


def quaternion_from_matrix(matrix: Tensor) -> Tensor:
    """Unit quaternions (x, y, z, w) of rotation matrices, with the signs that scipy chooses.

    All products 4·qᵢ·qⱼ are linear in the matrix. Those of the component with the largest square, normalised, are the
    quaternion, and that component comes out positive (Shepperd 1978; Markley 2008).

    Args:
        matrix: (..., 3, 3) rotation matrices.

    Returns:
        (..., 4) quaternions; of equally large components, the first of x, y, z, w is the positive one.
    """
    transposed = matrix.transpose(-2, -1)
    sums, differences = (matrix + transposed).flatten(-2), (matrix - transposed).flatten(-2)
    diagonal = matrix.diagonal(dim1=-2, dim2=-1)
    trace = (diagonal[..., 0] + diagonal[..., 1] + diagonal[..., 2]).unsqueeze(-1)
    products = torch.cat((1 - trace + 2 * diagonal, 1 + trace, sums, differences), dim=-1)
    largest = products[..., :4].max(-1).indices
    quaternion = products.gather(-1, _quaternion_columns()[largest])
    return quaternion / torch.linalg.vector_norm(quaternion, dim=-1, keepdim=True)


@functools.cache
def _quaternion_columns() -> Tensor:
    """Where the products of each component with x, y, z, w stand among the squares, sums and differences, (4, 4)."""

    def plus(i: int, j: int) -> int:
        return 4 + 3 * i + j

    def minus(i: int, j: int) -> int:
        return 13 + 3 * i + j

    xw, yw, zw = minus(2, 1), minus(0, 2), minus(1, 0)
    return torch.tensor(
        [
            [0, plus(0, 1), plus(0, 2), xw],
            [plus(0, 1), 1, plus(1, 2), yw],
            [plus(0, 2), plus(1, 2), 2, zw],
            [xw, yw, zw, 3],
        ]
    )
