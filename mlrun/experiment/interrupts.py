"""Stopping between iterations instead of in the middle of one."""

import contextlib
import os
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
        self._raised = False

    def check(self) -> None:
        """Stop here if a signal has asked for it.

        Raises:
            Interrupted: it has.
        """
        if self.requested is not None:
            self._raised = True
            raise Interrupted(self.requested)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._raised:
            # Let what was begun be saved; but whoever insists need not wait for Python at all.
            signal.signal(number, signal.SIG_DFL)
        elif self.requested is not None:
            self._raised = True
            raise Interrupted(number)
        else:
            self.requested = number
            with contextlib.suppress(OSError):
                os.write(2, b"stopping after this iteration; once more to stop at once\n")


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
