"""Terms that the rewards of several task families share."""

import math
from typing import Final

import torch
from torch import Tensor

_VALUE_AT_MARGIN: Final = 0.1
_LONG_TAIL_SCALE: Final = math.sqrt(1 / _VALUE_AT_MARGIN - 1)


def tolerance(value: Tensor, lower: Tensor, upper: Tensor, margin: Tensor) -> Tensor:
    """The long-tailed tolerance of the DeepMind Control Suite (Tassa et al. 2018).

    It is 1 between the bounds, and 1 / (1 + (3d)²) outside. Here d is the distance to the nearer bound, divided by the
    margin. So it is 0.1 at one margin from a bound.

    Args:
        value: (...)
        lower: (...) lower bound.
        upper: (...) upper bound.
        margin: (...) positive, in the unit of the value.

    Returns:
        (...) numbers in (0, 1].
    """
    beyond = (value - value.clamp(lower, upper)).div_(margin)
    return beyond.mul_(_LONG_TAIL_SCALE).square_().add_(1).reciprocal_()


def hamacher_product(first: Tensor, second: Tensor) -> Tensor:
    """A soft "and" of two numbers in [0, 1], not both 0: ab / (a + b - ab) (Hamacher 1978)."""
    product = first * second
    return product / (first + second).sub_(product)


def nearing(distance: Tensor, greatest: Tensor) -> Tensor:
    """Version 1's reward for being near the goal, (worlds,): linear in the distance, with two peaks at the goal.

    Args:
        distance: (worlds,) metres to the goal.
        greatest: (worlds,) metres at which the linear part is 0. The sum is never below 0.
    """
    square = -distance.square()
    peaks = torch.exp(square / 0.01) + torch.exp(square / 0.001)
    return (1000 * (greatest - distance) + 1000 * peaks).clamp_(min=0.0)
