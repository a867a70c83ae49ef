"""Terms that the rewards of several manipulation tasks are made of."""

import math
from typing import Final

from torch import Tensor

_VALUE_AT_MARGIN: Final = 0.1
_LONG_TAIL_SCALE: Final = math.sqrt(1 / _VALUE_AT_MARGIN - 1)


def tolerance(distance: Tensor, radius: float, margin: Tensor) -> Tensor:
    """1 within a radius, then 1 / (1 + (3d)²) with d = (distance - radius) / margin: a tenth at d = 1.

    The long-tailed tolerance of the DeepMind Control Suite (Tassa et al. 2018) for bounds (0, radius).

    Args:
        distance: (...) distances, not negative.
        radius: distance up to which the value is 1.
        margin: (...) distance beyond the radius at which the value has fallen to 0.1; positive.

    Returns:
        (...) values in (0, 1].
    """
    beyond = ((distance - radius) / margin).clamp_(min=0.0)
    return beyond.mul_(_LONG_TAIL_SCALE).square_().add_(1).reciprocal_()
