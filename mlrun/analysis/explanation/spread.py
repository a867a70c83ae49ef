"""A distribution in a few numbers."""

from __future__ import annotations

import torch

_QUANTILES = {"min": 0.0, "q25": 0.25, "median": 0.5, "q75": 0.75, "max": 1.0}

Spread = dict[str, float]


def spread(values: torch.Tensor) -> Spread:
    """Mean, standard deviation, extremes and quartiles of the values that are numbers; all NaN where none is."""
    numbers = values.double().flatten()
    numbers = numbers[~numbers.isnan()]
    if not len(numbers):
        return dict.fromkeys(("mean", "std", *_QUANTILES), float("nan"))
    quantiles = torch.quantile(numbers, numbers.new_tensor(list(_QUANTILES.values())))
    return {
        "mean": float(numbers.mean()),
        "std": float(numbers.std(correction=0)),
        **dict(zip(_QUANTILES, quantiles.tolist(), strict=True)),
    }


def share_negative(values: torch.Tensor) -> float:
    """Which part of the values that are numbers is below 0; NaN where none is a number."""
    numbers = values[~values.isnan()]
    return float((numbers < 0).double().mean())
