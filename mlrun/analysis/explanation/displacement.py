"""How far a representation moves, beside how far apart it holds its inputs; CKA is blind to what moves them all alike.

Both measures divide by ``|X - mean X|``, and are not a number where that is 0.
"""

from __future__ import annotations

import torch

from mlrun.analysis.explanation.centring import centred


def relative_change(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """``|X' - X| / |X - mean X|``, a scalar, from features ``(samples, units)`` of the same inputs."""
    return _per_spread((after - before).norm(), before)


def relative_shift(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """That part of the change which is the same for all inputs: ``√samples |mean(X' - X)| / |X - mean X|``."""
    return _per_spread(len(before) ** 0.5 * (after - before).mean(0).norm(), before)


def _per_spread(length: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    spread = centred(features).norm()
    return torch.where(spread > 0, length / spread, torch.nan)
