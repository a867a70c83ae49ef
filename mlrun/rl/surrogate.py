"""PPO's clipped surrogate of a policy's gain."""

from __future__ import annotations

import torch


def clipped_surrogate(log_ratio: torch.Tensor, advantages: torch.Tensor, clip_range: float) -> torch.Tensor:
    """The loss of each sample: minus the advantage times the likelihood ratio (Schulman et al. 2017, equation 7).

    A ratio outside ``1 ± clip_range`` gains no more than one at the limit.

    Args:
        log_ratio: log of the new density of the action over the density under the policy that sampled it, ``(...)``.
        advantages: ``(...)``.
        clip_range: above 0.
    """
    ratio = log_ratio.exp()
    return -torch.minimum(ratio * advantages, ratio.clamp(1 - clip_range, 1 + clip_range) * advantages)
