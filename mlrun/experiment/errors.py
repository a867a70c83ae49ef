"""What can go wrong with a run, each with the exit code that the command line answers with."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class MlrunError(Exception):
    """A failure that the person at the terminal can understand from its message alone."""

    exit_code: int = 1


class RunNotFoundError(MlrunError):
    """No run has this name, or the directory is not a run."""

    exit_code = 2


class DeviceNotFoundError(MlrunError):
    """The experiment asks for a device that this machine does not have."""

    exit_code = 2


class TooManyThreadsError(MlrunError):
    """The experiment asks for more threads than this machine has cores."""

    exit_code = 2


class ChangedExperimentError(MlrunError):
    """A run's configuration was changed since its checkpoint was saved."""

    exit_code = 2


class CheckpointError(MlrunError):
    """A checkpoint cannot be read."""


class CheckpointNotFoundError(CheckpointError):
    """The run has no such checkpoint."""

    exit_code = 2


class Diverged(MlrunError):  # noqa: N818 - reads as a fact: raise Diverged
    """A number that must be finite is not."""

    exit_code = 3


class RunLockedError(MlrunError):
    """Another process is training this run."""

    exit_code = 4


class Interrupted(MlrunError):  # noqa: N818 - a request, not an error
    """A signal asked to stop.

    Attributes:
        signal: which one.
    """

    def __init__(self, signal_number: int) -> None:
        self.signal = signal.Signals(signal_number)
        self.exit_code = 128 + signal_number
        super().__init__(f"interrupted by {self.signal.name}")


@contextmanager
def diverging_at(where: str) -> Iterator[None]:
    """Turns a number that is not finite into the end of the run, and says `where` it was met.

    Raises:
        Diverged: a `FloatingPointError` was raised inside.
    """
    try:
        yield
    except FloatingPointError as error:
        raise Diverged(f"{where}: {error}") from error
