"""What combines the tasks of a batch: means, sums, and the division of a batch among processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import torch

from mlrun.parameters import Parameters

T = TypeVar("T")


class TaskGroup:
    """A group of one process, which has all tasks of a batch.

    Tasks share nothing but the meta-parameters. So a batch can be divided among processes. Every sum, mean and
    concatenation over tasks goes through these methods. A group of several processes overrides them. Callers do not
    know how many processes there are.

    In such a group, every process must make the same calls in the same order, and have at least one task.
    """

    def share(self, tasks: Sequence[T]) -> Sequence[T]:
        """Return the tasks of a batch that this process works on. They follow one another in the batch."""
        return tasks

    def first_slot(self, num_tasks: int) -> int:
        """Return the position in a batch of ``num_tasks`` of the first task that this process works on."""
        return 0

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Return the mean over all tasks, ``(...)``, of the values of this process's tasks, ``(tasks, ...)``.

        Every process gets the same numbers, bit for bit, since all must take the same decisions by them. The mean is
        differentiable. Its gradient is only the share of this process: `total` or `total_gradients` make the whole
        gradient of it.
        """
        return values.mean(0)

    def total(self, share: torch.Tensor) -> torch.Tensor:
        """Return the sum of the shares of all processes, without a graph."""
        return share

    def total_gradients(self, shares: Parameters) -> Parameters:
        """Return the whole gradients of a `mean`, from the shares of this process."""
        return {name: self.total(share) for name, share in shares.items()}

    def gather(self, values: torch.Tensor) -> torch.Tensor:
        """Return the values of all tasks, ``(all tasks, ...)`` in batch order, from those of this process."""
        return values

    def count(self, share: int) -> int:
        """Return the sum of the counts of all processes."""
        return share
