"""Sharing the cores between the physics and torch."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Leaves the cores to the physics while it is stepped again and again.

    Torch's worker threads spin for a while after each operation, and those of a rollout are too small to need them.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
