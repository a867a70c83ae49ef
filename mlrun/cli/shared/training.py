"""What `train` and `resume` have in common: run the loop, show it, and say what to type next."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from mlrun.cli.shared.output import note
from mlrun.cli.shared.progress import progress

if TYPE_CHECKING:
    from mlrun.runs.directory import RunDirectory
    from mlrun.training.reporter import Reporter


TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write the metrics for TensorBoard too, into the run's tensorboard/.")
]


def run_training(run: RunDirectory, *, tensorboard: bool) -> None:
    """Train a run to its end. Its path goes to stdout, also when training stops early.

    Args:
        run: what to train, from its last checkpoint.
        tensorboard: whether TensorBoard's files are written; they are also where there are some already.
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
        with contextlib.suppress(OSError):  # a reader that has gone must not hide why training stopped
            typer.echo(run.path)
        raise
    typer.echo(run.path)
    note(f"evaluate it with:\n  {program()} eval {path}")


@contextlib.contextmanager
def _reporting(run: RunDirectory, tensorboard: bool) -> Iterator[Reporter]:
    from mlrun.runs.layout import TENSORBOARD
    from mlrun.training.tensorboard import writing_for_tensorboard

    events = run.path / TENSORBOARD
    with progress(run.id) as reporter:
        if not (tensorboard or events.is_dir()):
            yield reporter
            return
        with writing_for_tensorboard(reporter, events) as both:
            yield both


def program() -> str:
    """How to call this program from the shell that called it, which may not have it on its path."""
    return "mlrun" if shutil.which("mlrun") else shlex.quote(sys.argv[0])
