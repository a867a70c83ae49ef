"""Stopping between iterations instead of in the middle of one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mlrun.experiment.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Remembers the first signal that asked to stop.

    Attributes:
        requested: its number, or None.
    """

    def __init__(self) -> None:
        self.requested: int | None = None

    def check(self) -> None:
        """Stop here if a signal has asked for it.

        Raises:
            Interrupted: it has.
        """
        if self.requested is not None:
            raise Interrupted(self.requested)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested is not None:
            # The third one need not wait for Python at all.
            signal.signal(number, signal.SIG_DFL)
            raise Interrupted(number)
        self.requested = number


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """While it is open, SIGINT and SIGTERM wait for `Interrupts.check`; a second one raises where it strikes.

    A signal that the parent process had ignored stays ignored, as with ``nohup``. Only the main thread can receive
    signals; in any other nothing is ever requested.
    """
    interrupted = Interrupts()
    previous = {}
    if threading.current_thread() is threading.main_thread():
        previous = {number: signal.getsignal(number) for number in _SIGNALS}
        for number, handler in previous.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, interrupted._handle)
    try:
        yield interrupted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
