"""The lock of a run: one process at a time trains it, or deletes it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mlrun.errors import MlrunError, RunLockedError, RunNotFoundError
from mlrun.runs.layout import LOCK
from mlrun.runs.record import read_record

# `is_locked` holds a lock for an instant, which must not stop a run from starting.
_PATIENCE = 0.25  # seconds


@contextmanager
def run_lock(run: Path) -> Iterator[None]:
    """Hold the lock of the run in a directory. It goes when the process does, however that ends.

    Raises:
        RunNotFoundError: there is no such directory; locking would make it.
        RunLockedError: another process holds it; the message says which.
    """
    if not run.is_dir():
        raise RunNotFoundError(f"there is no {run} any more")
    lock = FileLock(run / LOCK, timeout=_PATIENCE, poll_interval=0.02)
    try:
        lock.acquire()
    except Timeout:
        raise RunLockedError(f"{run} is being trained by {holder(run)}") from None
    try:
        yield
    finally:
        lock.release()


def is_locked(run: Path) -> bool:
    """Whether a process holds the lock of a run, which neither waits for that process nor gets in its way."""
    try:
        descriptor = os.open(run / LOCK, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # a file that may not be read cannot show that it is free
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True  # also on a file system without locks, where there is a file only while it is held
    finally:
        os.close(descriptor)
    return False


def holder(run: Path) -> str:
    """The process that has begun to train a run last, in words."""
    try:
        attempt = read_record(run).attempts[-1]
    except (MlrunError, IndexError):
        return "another process"
    return f"another process, {attempt.pid} on {attempt.host}, since {attempt.started}"
