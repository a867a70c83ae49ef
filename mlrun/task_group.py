"""The one place for everything that crosses tasks: means, sums, and which tasks of a batch are here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import torch

from mlrun.parameters import Parameters

T = TypeVar("T")


class TaskGroup:
    """The tasks of a meta-batch, all of them in this process.

    Tasks share nothing but the meta-parameters, so that a batch can be divided among processes. What then has to be
    added up, averaged or put together over all tasks goes through these methods, and nothing else does. Another group
    overrides them; whoever uses them does not know how many processes there are.
    """

    def share(self, tasks: Sequence[T]) -> Sequence[T]:
        """Return the part of a batch that this process works on: a run of neighbours."""
        return tasks

    def first_slot(self, num_tasks: int) -> int:
        """Return the position of the first task of this process in a batch of ``num_tasks``."""
        return 0

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Return the mean over all tasks, ``(...)``, of values ``(tasks, ...)``.

        It can be differentiated. The gradient is the share of the tasks that are here: pass it through `total` or
        `total_gradients`.
        """
        return values.mean(0)

    def total(self, share: torch.Tensor) -> torch.Tensor:
        """Return the sum over all processes of what each has for its own tasks, without a graph."""
        return share

    def total_gradients(self, shares: Parameters) -> Parameters:
        """Return gradients of a `mean`, from the shares of each process."""
        return {name: self.total(share) for name, share in shares.items()}

    def gather(self, values: torch.Tensor) -> torch.Tensor:
        """Return the values of all tasks, ``(all tasks, ...)``, in the order of the batch, from those that are here."""
        return values

    def count(self, share: int) -> int:
        """Return the sum over all processes of what each has counted."""
        return share

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set in any process."""
        return flag
