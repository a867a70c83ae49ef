"""How the physics and torch share the cores."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked_threads(num_threads: int) -> int:
    """Returns a number of threads that may step worlds. 0 means one per core and stays 0.

    Raises:
        ValueError: it is negative or above the number of cores. More threads than cores would only wait for each other.
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
    """Keeps torch to one thread, so that the cores are free for the physics.

    After each operation, torch's worker threads spin for a while. The operations of a rollout are too small to need
    them.

    A Python thread inherits torch's number of threads when it first uses torch. One that does so while another thread
    is in here keeps to one thread.
    """
    threads = torch.get_num_threads()
    if threads == 1:  # an outer call set it, or this Python thread inherited it: not for this call to undo
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
