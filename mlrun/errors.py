"""What can go wrong with a run, each with the exit code that the command line answers with."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mlrun.benchmarks.task import Task
from mlrun.finite import NotFiniteError


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
    """A number that must be finite is not.

    Attributes:
        quantity: which one, where that is known.
        task: the task it belongs to, if to any.
    """

    exit_code = 3

    def __init__(self, message: str, quantity: str | None = None, task: Task | None = None) -> None:
        super().__init__(message)
        self.quantity = quantity
        self.task = task


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
def diverging_at(where: str, tasks: Sequence[Task]) -> Iterator[None]:
    """Turns a number that is not finite into the end of the run.

    Args:
        where: it was met.
        tasks: the batch that it was met in.

    Raises:
        Diverged: a `FloatingPointError` was raised inside.
    """
    try:
        yield
    except NotFiniteError as error:
        task = None if error.slot is None else tasks[error.slot]
        of_task = f" of {task.split} task {task.index}" if task else ""
        raise Diverged(f"{where}: {error.quantity}{of_task} is not finite", error.quantity, task) from error
    except FloatingPointError as error:
        raise Diverged(f"{where}: {error}", str(error)) from error
