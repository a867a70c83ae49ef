"""What several verbs share: options, and the form of their help."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML file of the experiment.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key, as in training.iterations=10. Repeatable."),
]
RunsDir = Annotated[
    Path, typer.Option("--runs-dir", envvar="MLRUN_RUNS_DIR", metavar="DIR", help="Where run directories are.")
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="Path of a run directory, or a run's id.")]
Runs = Annotated[list[str], typer.Argument(metavar="RUN...", help="Paths of run directories, or runs' ids.")]
Checkpoint = Annotated[
    str | None,
    typer.Option(metavar="best|last|N", help="Default: best, or last where no evaluation has chosen a best."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

DEFAULT_RUNS_DIR = Path("runs")


def examples(*lines: str) -> str:
    """The end of a help text: command lines to copy."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)])


def parse_checkpoint(text: str) -> str | int:
    """Which checkpoint an option names: "best", "last", or a number of iterations.

    Raises:
        typer.BadParameter: none of them.
    """
    if text.isascii() and text.isdigit():
        return int(text)
    if text not in ("best", "last"):
        raise typer.BadParameter(f"--checkpoint must be 'best', 'last' or a number of iterations, not {text!r}")
    return text


def require_subcommand(context: typer.Context) -> None:
    """Answer a bare command group with its help, as the usage error that it is."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)
