"""The errors of a run, each with the exit code of the command line."""

import signal
from typing import Any


class MlrunError(Exception):
    """An error whose message alone tells the user what is wrong. The command line prints it without a traceback.

    Attributes:
        exit_code: the exit code of the command line.
        status: the status in the manifest of a run that this error ended.
    """

    exit_code: int = 1
    status: str = "failed"

    def reason(self) -> str:
        """Why the run ended, for its manifest."""
        return f"{type(self).__name__}: {self}"


class RunNotFoundError(MlrunError):
    """No run has this name, or the directory is no run."""

    exit_code = 2


class DeviceNotFoundError(MlrunError):
    """The experiment needs a device that this machine does not have."""

    exit_code = 2


class TooManyThreadsError(MlrunError):
    """The experiment needs more threads than this machine has cores."""

    exit_code = 2


class ChangedExperimentError(MlrunError):
    """The config.yaml of a run was changed after the run was made, in a key that decides what is computed."""

    exit_code = 2


class CheckpointError(MlrunError):
    """A checkpoint cannot be read."""


class CheckpointNotFoundError(CheckpointError):
    """The run has no such checkpoint."""

    exit_code = 2


class Diverged(MlrunError):  # noqa: N818 - `raise Diverged` reads well without Error
    """A number that must be finite is NaN or infinite.

    Attributes:
        quantity: the name of the number, or None if it is not known.
        task: the task that the number belongs to, as plain data, or None.
    """

    exit_code = 3
    status = "diverged"

    def __init__(self, message: str, quantity: str | None = None, task: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.quantity = quantity
        self.task = task

    def reason(self) -> str:
        """The message."""
        return str(self)


class RunLockedError(MlrunError):
    """Another process is training this run."""

    exit_code = 4


class Interrupted(MlrunError):  # noqa: N818 - a request, not an error
    """The process was asked to stop by a signal.

    Attributes:
        signal: the signal.
    """

    status = "interrupted"

    def __init__(self, signal_number: int) -> None:
        self.signal = signal.Signals(signal_number)
        self.exit_code = 128 + signal_number
        super().__init__(f"interrupted by {self.signal.name}")

    def reason(self) -> str:
        """The signal's name."""
        return self.signal.name
