"""Ridge regression whose penalty is chosen by holding out whole groups of samples."""

from __future__ import annotations

from typing import Final, NamedTuple

import torch

_PENALTIES: Final = [10.0**exponent for exponent in range(-5, 2)]  # per sample, for features of deviation 1
_FOLDS: Final = 5


class Decoded(NamedTuple):
    """Targets that a linear map gives for features.

    Attributes:
        held_out: for the samples it is fitted to, ``(samples, numbers)``. Each comes from a map that was fitted without
            the group of the sample.
        new: for other samples, ``(new samples, numbers)``.
    """

    held_out: torch.Tensor
    new: torch.Tensor


def decode(features: torch.Tensor, targets: torch.Tensor, groups: torch.Tensor, new: torch.Tensor) -> Decoded:
    """Fits a linear map by ridge regression, and applies it.

    The penalty is the one with the least mean distance to the targets of groups that were held out.

    Args:
        features: ``(samples, features)``, float64.
        targets: ``(samples, numbers)``, float64.
        groups: the group of each sample, ``(samples,)`` whole numbers. There are two groups or more. All samples of a
            group are held out together.
        new: features of other samples, ``(new samples, features)``.
    """
    by_penalty = targets.new_empty(len(_PENALTIES), *targets.shape)
    for fold in range(_FOLDS):
        out = groups % _FOLDS == fold
        if out.any():
            by_penalty[:, out] = _predictions(features[~out], targets[~out], features[out])
    errors = (by_penalty - targets).norm(dim=-1).mean(1)
    best = int(errors.argmin())
    return Decoded(by_penalty[best], _predictions(features, targets, new)[best])


def _predictions(features: torch.Tensor, targets: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    """The targets of new samples for each penalty, ``(penalties, new samples, numbers)``."""
    mean, deviation = features.mean(0), features.std(0, correction=0)
    scale = torch.where(deviation > 1e-12, 1 / deviation, 0)  # a feature that is always the same tells nothing
    centre = targets.mean(0)
    left, sizes, right = torch.linalg.svd((features - mean) * scale, full_matrices=False)
    along, parts = (new - mean) * scale @ right.T, left.T @ (targets - centre)
    shrunk = (sizes / (sizes.square() + len(features) * penalty) for penalty in _PENALTIES)
    return torch.stack([centre + along * factors @ parts for factors in shrunk])
