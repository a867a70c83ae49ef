"""What can go wrong with a run, each with the exit code that the command line answers with."""

import signal
from typing import Any


class MlrunError(Exception):
    """A failure that the person at the terminal can understand from its message alone.

    Attributes:
        exit_code: what the command line answers with.
        status: what the manifest of a run says that this has ended.
    """

    exit_code: int = 1
    status: str = "failed"

    def reason(self) -> str:
        """Why a run ended, for its manifest."""
        return f"{type(self).__name__}: {self}"


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
        task: the task it belongs to, as plain data, if to any.
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
    """A signal asked to stop.

    Attributes:
        signal: which one.
    """

    status = "interrupted"

    def __init__(self, signal_number: int) -> None:
        self.signal = signal.Signals(signal_number)
        self.exit_code = 128 + signal_number
        super().__init__(f"interrupted by {self.signal.name}")

    def reason(self) -> str:
        """The signal's name."""
        return self.signal.name
