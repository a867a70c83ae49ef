"""What `train` and `resume` have in common: run the loop, show it, and say what to type next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import typer

from mlrun.cli.output import note
from mlrun.cli.progress import progress

if TYPE_CHECKING:
    from mlrun.experiment.run_directory import RunDirectory


def run_training(run: RunDirectory) -> None:
    """Train a run to its end. Its path goes to stdout, also when training stops early."""
    from mlrun.experiment.errors import Interrupted
    from mlrun.experiment.train import train

    path = shlex.quote(str(run.path))
    with run.training():
        try:
            with progress(run.id) as reporter:
                train(run.experiment(), run, reporter)
        except (Interrupted, KeyboardInterrupt):
            note(f"continue with:\n  mlrun resume {path}")
            raise
        finally:
            typer.echo(run.path)
    note(f"evaluate it with:\n  mlrun eval {path}")
