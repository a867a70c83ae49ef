"""Options and arguments that several verbs share, their checks, and the form of help texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mlrun.config import Experiment

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML file that describes the experiment.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the file, for example training.iterations=10. Can be given several times.",
    ),
]
RunsDir = Annotated[
    Path, typer.Option("--runs-dir", envvar="MLRUN_RUNS_DIR", metavar="DIR", help="Directory that holds the runs.")
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="A run: the path of its directory, or its id.")]
Runs = Annotated[
    list[str], typer.Argument(metavar="RUN", help="One or more runs: for each, the path of its directory, or its id.")
]
Checkpoint = Annotated[
    str | None,
    typer.Option(
        metavar="best|last|N",
        help="Checkpoint to load; N is an iteration. Default: best, or last if no evaluation has chosen a best one.",
    ),
]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Also write the metrics for TensorBoard, to tensorboard/ in the run.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]

DEFAULT_RUNS_DIR = Path("runs")


def examples(*lines: str) -> str:
    """The end of a help text: example command lines."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)])


def parse_checkpoint(text: str) -> str | int:
    """The value of --checkpoint: "best", "last", or a number of iterations.

    Raises:
        typer.BadParameter: the text is none of these.
    """
    if text.isascii() and text.isdigit():
        return int(text)
    if text not in ("best", "last"):
        raise typer.BadParameter(f"--checkpoint must be 'best', 'last' or a number of iterations, not {text!r}")
    return text


def chosen_data_per_task(experiment: Experiment, **given: int | None) -> int | None:
    """The value of --episodes or --shots, whichever applies to the experiment; None if it was not given.

    Args:
        experiment: its `data_unit` is the name of the option that applies.
        given: the values of both options, by name.

    Raises:
        typer.BadParameter: the other option was given.
    """
    data_per_task = given.pop(experiment.data_unit)
    for unit in (unit for unit, amount in given.items() if amount is not None):
        name, right = experiment.benchmark.name, experiment.data_unit
        raise typer.BadParameter(f"--{unit} does not apply to {name}; use --{right}")
    return data_per_task


def require_subcommand(context: typer.Context) -> None:
    """Treat a command group without a verb as a usage error: print its help to stderr and exit with code 2."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)
