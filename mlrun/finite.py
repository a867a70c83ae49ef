"""Checks that numbers are finite, and the error when one is not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch  # not loaded here: some callers need only the error


class NotFiniteError(FloatingPointError):
    """A quantity is not finite.

    Attributes:
        quantity: its name.
        slot: the position of its task in the batch, or None if it belongs to no single task.
    """

    def __init__(self, quantity: str, slot: int | None = None) -> None:
        self.quantity = quantity
        self.slot = slot
        super().__init__(f"{quantity} is not finite")


def require_finite(values: Mapping[str, Any]) -> None:
    """Check named numbers and tensors, also in nested mappings, lists and tuples. Other values are skipped.

    Raises:
        NotFiniteError: one is not finite. The error names the first.
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            require_finite(value)
        elif isinstance(value, list | tuple):
            for item in value:
                require_finite({name: item})
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise NotFiniteError(name)
        elif hasattr(value, "isfinite") and not value.isfinite().all():
            raise NotFiniteError(name)


def require_finite_tasks(quantity: str, values: torch.Tensor) -> None:
    """Check the values of one quantity for every task, ``(tasks, ...)``.

    Raises:
        NotFiniteError: a task has a value that is not finite. The error names the first such task.
    """
    finite = values.isfinite().reshape(len(values), -1).all(1)
    if not finite.all():
        raise NotFiniteError(quantity, int(finite.logical_not().nonzero()[0]))
