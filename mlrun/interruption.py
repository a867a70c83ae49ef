"""Interruption points: places in a long computation where it can be stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _nobody() -> None:
    """The listener outside of `interruptible`: it never interrupts."""


_listener: Callable[[], None] = _nobody


def interruption_point() -> None:
    """Call the listener. It raises if the computation should stop.

    Rollouts, updates and evaluations call this several times a second. What they are computing then is lost.
    """
    _listener()


@contextmanager
def interruptible(listener: Callable[[], None]) -> Iterator[None]:
    """While the context is open, every interruption point calls `listener`, which may raise."""
    global _listener
    previous, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = previous
