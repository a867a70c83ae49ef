"""Places within long computations where they may be stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _nobody() -> None:
    """Nobody wants to interrupt anything."""


_listener: Callable[[], None] = _nobody


def interruption_point() -> None:
    """Raise here if the computation is to stop.

    Rollouts, updates and evaluations pass such a point several times a second; what they were at is lost.
    """
    _listener()


@contextmanager
def interruptible(listener: Callable[[], None]) -> Iterator[None]:
    """While it is open, every interruption point calls the listener, which may raise."""
    global _listener
    previous, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = previous
