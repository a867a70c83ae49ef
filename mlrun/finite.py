"""Numbers that must be finite, and where one was found that is not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch  # who only wants to name the error has no time to load it


class NotFiniteError(FloatingPointError):
    """A quantity is not finite.

    Attributes:
        quantity: what it is.
        slot: position of its task in the batch, or None where it belongs to none.
    """

    def __init__(self, quantity: str, slot: int | None = None) -> None:
        self.quantity = quantity
        self.slot = slot
        super().__init__(f"{quantity} is not finite")


def require_finite(values: Mapping[str, Any]) -> None:
    """Check numbers and tensors by name, also in nested mappings, lists and tuples.

    Raises:
        NotFiniteError: naming the first that is not finite.
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
    """Check something of every task, ``(tasks, ...)``.

    Raises:
        NotFiniteError: naming the first task for which it is not finite.
    """
    finite = values.isfinite().reshape(len(values), -1).all(1)
    if not finite.all():
        raise NotFiniteError(quantity, int(finite.logical_not().nonzero()[0]))
