"""Signals that stop a run or make it save a checkpoint."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from mlrun.errors import Interrupted
from mlrun.interruption import interruptible

_STOP = (signal.SIGINT, signal.SIGTERM)
_SAVE = signal.SIGUSR1


class Interrupts:
    """Remembers what signals asked for until `check` does it.

    Attributes:
        save: is called if a signal asked for a checkpoint.
    """

    def __init__(self) -> None:
        self.save: Callable[[], None] = lambda: None
        self._stop: int | None = None
        self._save_requested = False

    def check(self) -> None:
        """Do what signals have asked for.

        Raises:
            Interrupted: a signal asked to stop.
        """
        if self._save_requested:
            self._save_requested = False
            self.save()
        if self._stop is not None:
            raise Interrupted(self._stop)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Remember a signal. A second one that asks to stop kills the process at once, as if it had no handler."""
        if number == _SAVE:
            self._save_requested = True
        elif self._stop is None:
            self._stop = number
            with contextlib.suppress(OSError):
                os.write(2, b"stopping as soon as the last iteration is saved; once more to stop at once\n")
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """While the context is open, SIGINT, SIGTERM and SIGUSR1 wait for `Interrupts.check`.

    Every interruption point calls that. A signal that the parent process ignored stays ignored, as with ``nohup``.
    Only the main thread can receive signals; in other threads, nothing is ever requested. Inside an open context,
    this gives the same `Interrupts` again.
    """
    outer = getattr(signal.getsignal(_STOP[-1]), "__self__", None)
    if isinstance(outer, Interrupts):
        yield outer
        return
    interrupted = Interrupts()
    previous = {}
    if threading.current_thread() is threading.main_thread():
        previous = {number: signal.getsignal(number) for number in (*_STOP, _SAVE)}
        for number, handler in previous.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, interrupted.handle)
    try:
        with interruptible(interrupted.check):
            yield interrupted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
