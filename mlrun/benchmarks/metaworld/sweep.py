"""A script that looks at nothing: the hand passes through the whole box of goals."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from mlrun.simulation.settling import HAND_HOME

_STRIDE: Final = 0.01  # metres that the hand's target moves along each axis in one step
_LANE: Final = 0.06  # metres between neighbouring lanes
_HAND_ABOVE_FINGER_TIPS: Final = 0.045  # metres


def sweep_actions(low: Sequence[float], high: Sequence[float], horizon: int) -> Tensor:
    """Actions (horizon, 4) that lead the finger tips through a box lane by lane, at full speed.

    Args:
        low: lower corner of the box, in metres.
        high: upper corner.
        horizon: how many; a short one cuts the sweep, after a long one the hand stays where it is.
    """
    waypoints = torch.tensor((HAND_HOME, *_lanes(low, high)), dtype=torch.float64)
    legs = []
    for leg in waypoints.diff(dim=0):
        steps = max(1, int(torch.ceil(leg.abs().max() / _STRIDE - 1e-9)))
        legs.append((leg / steps / _STRIDE).expand(steps, 3))
    path = torch.cat(legs)[:horizon]
    return torch.nn.functional.pad(path, (0, 1, 0, horizon - len(path)))


def _lanes(low: Sequence[float], high: Sequence[float]) -> list[tuple[float, float, float]]:
    """Hand waypoints: vertical lanes side by side, back and forth, in two layers of depth."""
    (x_low, y_low, z_low), (x_high, y_high, z_high) = low, high
    lanes = max(2, round((x_high - x_low) / _LANE))
    x_centers = torch.linspace(x_low, x_high, 2 * lanes + 1, dtype=torch.float64)[1::2].tolist()
    waypoints, upwards = [], True
    for share in (0.25, 0.75):
        y = y_low + share * (y_high - y_low)
        for x in x_centers:
            ends = (z_low, z_high) if upwards else (z_high, z_low)
            waypoints += [(x, y, z + _HAND_ABOVE_FINGER_TIPS) for z in ends]
            upwards = not upwards
        x_centers.reverse()
    return waypoints
