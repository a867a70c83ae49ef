"""Terms that the rewards of several manipulation problems are made of."""

import math
from typing import Final

import torch
from torch import Tensor

_VALUE_AT_MARGIN: Final = 0.1
_LONG_TAIL_SCALE: Final = math.sqrt(1 / _VALUE_AT_MARGIN - 1)


def tolerance(value: Tensor, lower: Tensor, upper: Tensor, margin: Tensor) -> Tensor:
    """1 between the bounds, 1 / (1 + (3d)²) outside, d being the way to the nearer bound in margins: a tenth at d = 1.

    The long-tailed tolerance of the DeepMind Control Suite (Tassa et al. 2018).

    Args:
        value: (...) what is judged.
        lower: (...) least value that is wholly right.
        upper: (...) greatest one.
        margin: (...) way from a bound at which the tolerance has fallen to 0.1; positive.

    Returns:
        (...) numbers in (0, 1].
    """
    beyond = (value - value.clamp(lower, upper)).div_(margin)
    return beyond.mul_(_LONG_TAIL_SCALE).square_().add_(1).reciprocal_()


def hamacher_product(first: Tensor, second: Tensor) -> Tensor:
    """A conjunction of two numbers in [0, 1], not both 0: ab / (a + b - ab) (Hamacher 1978)."""
    product = first * second
    return product / (first + second).sub_(product)


def nearing(distance: Tensor, greatest: Tensor) -> Tensor:
    """How near the goal is, (worlds,), in version 1 of the rewards: a slope from `greatest` on and two peaks at 0.

    Args:
        distance: (worlds,) metres to the goal.
        greatest: (worlds,) metres at which the slope begins; farther away the value is what the peaks leave, or 0.
    """
    square = -distance.square()
    peaks = torch.exp(square / 0.01) + torch.exp(square / 0.001)
    return (1000 * (greatest - distance) + 1000 * peaks).clamp_(min=0.0)
