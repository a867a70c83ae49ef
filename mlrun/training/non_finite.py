"""Errors of numbers that are not finite, with the place and the task."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mlrun.benchmarks.task import Task
from mlrun.errors import Diverged
from mlrun.finite import NotFiniteError


@contextmanager
def non_finite_ends(where: str, tasks: Sequence[Task]) -> Iterator[None]:
    """Turn a `FloatingPointError` into a `Diverged` error that names the computation and the task.

    Args:
        where: what is computed, for the message.
        tasks: the batch that it is computed for. The slots of a `NotFiniteError` are positions in it.

    Raises:
        Diverged: a `FloatingPointError` was raised inside.
    """
    try:
        yield
    except NotFiniteError as error:
        task = None if error.slot is None else tasks[error.slot]
        of_task = f" of {task.split} task {task.index}" if task else ""
        message = f"{where}: {error.quantity}{of_task} is not finite"
        raise Diverged(message, error.quantity, task.to_dict() if task else None) from error
    except FloatingPointError as error:
        raise Diverged(f"{where}: {error}", str(error)) from error
