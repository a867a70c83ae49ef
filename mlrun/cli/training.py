"""What `train` and `resume` have in common: run the loop, show it, and say what to type next."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

import typer

from mlrun.cli.output import note
from mlrun.cli.progress import progress

if TYPE_CHECKING:
    from mlrun.experiment.run_directory import RunDirectory


def run_training(run: RunDirectory) -> None:
    """Train a run to its end. Its path goes to stdout, also when training stops early."""
    from mlrun.experiment.errors import Interrupted, RunLockedError
    from mlrun.experiment.train import train

    path = shlex.quote(str(run.path))
    try:
        with run.training(), progress(run.id) as reporter:
            train(run.experiment(), run, reporter)
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


def program() -> str:
    """How to call this program from the shell that called it, which may not have it on its path."""
    return "mlrun" if shutil.which("mlrun") else shlex.quote(sys.argv[0])
