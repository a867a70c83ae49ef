"""Numbers that must be finite."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch


def require_finite(values: Mapping[str, Any]) -> None:
    """Find a number or a tensor that is not finite, also in nested mappings.

    Raises:
        FloatingPointError: naming it.
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            require_finite(value)
        elif isinstance(value, torch.Tensor) and not value.isfinite().all():
            raise FloatingPointError(f"{name} is not finite")
        elif isinstance(value, float) and not math.isfinite(value):
            raise FloatingPointError(f"{name} is {value}")
