"""Centred kernel alignment: how similar two representations of the same inputs are."""

from __future__ import annotations

import torch

from mlrun.analysis.explanation.centring import centred


def linear_cka(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Linear CKA, ``|YᵀX|² / (|XᵀX| |YᵀY|)`` with Frobenius norms of centred features (Kornblith et al. 2019, eq. 5).

    It is 1 for representations that differ by a shift, a rotation and one scale only, and 0 for those without any
    linear relation. It is biased upwards where there are not many more samples than units.

    Args:
        one: X, ``(samples, units)``.
        other: Y, ``(samples, other units)``, of the same inputs.

    Returns:
        A scalar from 0 to 1; not a number where one of them is the same for all inputs.
    """
    one, other = centred(one), centred(other)
    # The norms are rounded in the same way, so that a representation has a similarity of exactly 1 with itself.
    return _norm(other, one) ** 2 / (_norm(one, one) * _norm(other, other))


def _norm(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return torch.linalg.norm(one.T @ other)
