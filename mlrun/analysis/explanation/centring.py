"""Features less their mean."""

from __future__ import annotations

import torch


def centred(features: torch.Tensor) -> torch.Tensor:
    """Features ``(samples, units)`` less their mean over the samples; exactly 0 where all samples are the same."""
    difference = features - features.mean(0)
    rounding = len(features) * torch.finfo(features.dtype).eps * features.abs().amax(0)
    return torch.where(difference.abs().amax(0) > rounding, difference, 0)
