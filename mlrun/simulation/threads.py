"""Sharing the cores between the physics and torch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_threads(num_threads: int) -> int:
    """The number of threads to step worlds on; 0 means one per core.

    Raises:
        ValueError: it is negative, or there are more threads than cores, which would only wait for each other.
    """
    if not 0 <= num_threads <= available_cores():
        raise ValueError(
            f"the number of threads must be at most {available_cores()}, the cores of this machine, not {num_threads}"
            if num_threads > 0
            else f"the number of threads must be at least 0, not {num_threads}"
        )
    return num_threads


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Leaves the cores to the physics while it is stepped again and again.

    Torch's worker threads spin for a while after each operation, and those of a rollout are too small to need them.

    A Python thread that uses torch for the first time while another one is in here keeps to one thread, since torch
    lets it inherit that.
    """
    threads = torch.get_num_threads()
    if threads == 1:  # by an outer call, or inherited from another Python thread: not for this call to put back
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
