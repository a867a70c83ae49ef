"""What `train` and `resume` share: run the training loop and show its progress."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from mlrun.cli.shared.output import note, program
from mlrun.cli.shared.progress import training_progress

if TYPE_CHECKING:
    from mlrun.runs.directory import RunDirectory
    from mlrun.training.reporter import Reporter


def run_training(run: RunDirectory, *, tensorboard: bool) -> None:
    """Train a run from its last checkpoint to its end.

    Prints the run's path to stdout, also when training stops early, and the next command to stderr.

    Args:
        run: the run to train.
        tensorboard: whether to write files for TensorBoard. They are also written if the run already has some.

    Raises:
        RunLockedError: another process trains this run. Nothing is printed.
        Exception: whatever stopped the training.
    """
    from mlrun.errors import Interrupted, RunLockedError
    from mlrun.training.device import place
    from mlrun.training.loop import train

    experiment = run.experiment()
    placement = place(experiment)
    path = shlex.quote(str(run.path))
    try:
        with run.training(placement.device, placement.physics), _reporting(run, tensorboard) as reporter:
            train(experiment, run, reporter, placement)
    except RunLockedError:
        raise
    except BaseException as error:
        if isinstance(error, Interrupted | KeyboardInterrupt):
            note(f"continue with:\n  {program()} resume {path}")
        with contextlib.suppress(OSError):  # a closed stdout must not hide why training stopped
            typer.echo(run.path)
        raise
    typer.echo(run.path)
    note(f"evaluate it with:\n  {program()} eval {path}")


@contextlib.contextmanager
def _reporting(run: RunDirectory, tensorboard: bool) -> Iterator[Reporter]:
    from mlrun.runs.layout import TENSORBOARD
    from mlrun.training.tensorboard import writing_for_tensorboard

    events = run.path / TENSORBOARD
    with training_progress(run.id) as reporter:
        if not (tensorboard or events.is_dir()):
            yield reporter
            return
        with writing_for_tensorboard(reporter, events) as both:
            yield both
