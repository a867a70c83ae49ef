"""The lock of a run: only one process at a time can train or delete it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mlrun.errors import MlrunError, RunLockedError, RunNotFoundError
from mlrun.runs.layout import LOCK
from mlrun.runs.manifest import read_record

# `is_locked` holds a lock for an instant. A run that starts just then waits for it.
_PATIENCE = 0.25  # seconds


@contextmanager
def run_lock(run: Path) -> Iterator[None]:
    """Hold the lock of the run in a directory. The system releases it when the process ends, also when it is killed.

    Raises:
        RunNotFoundError: there is no such directory. Locking would make it.
        RunLockedError: another process holds it. The message says which.
    """
    if not run.is_dir():
        raise RunNotFoundError(f"{run} does not exist any more")
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
    """Whether a process holds the lock of a run. This does not wait for that process, and does not disturb it."""
    try:
        descriptor = os.open(run / LOCK, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # if the file cannot be read, the run may be locked
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True  # also on a file system without locks. There the file exists only while it is held
    finally:
        os.close(descriptor)
    return False


def holder(run: Path) -> str:
    """The process that started last to train a run, in words."""
    try:
        attempt = read_record(run).attempts[-1]
    except (MlrunError, IndexError):
        return "another process"
    return f"another process, {attempt.pid} on {attempt.host}, since {attempt.started}"
