"""`mlrun plot`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mlrun.analysis.plots import FIGURES, FORMATS
from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, Runs, RunsDir, examples
from mlrun.cli.shared.output import note

NAME = "plot"
EXAMPLES = examples(
    "mlrun plot runs/20261122-231608-maml-reach-s0-a1b2",
    "mlrun plot runs/*-maml-reach-* -o figures --format svg",
    "mlrun plot runs/*-reach-* --figure learning_curves --figure adaptation_steps",
)


def command(
    runs: Runs,
    figure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Figure to draw. Can be given several times. Default: all for which there is data."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            file_okay=False,
            help="Directory for the figures. Default: the run's plots/; for several runs, ./plots.",
        ),
    ] = None,
    format_: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="png|svg", help="File format. Can be given several times. Default: both."),
    ] = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw figures of one or more runs.

    Figures are as wide as one column of a paper. Their names are:

    \b
      learning_curves   scores before and after adaptation, during training
      adaptation_steps  scores on test tasks after each adaptation step, with 95%
                        bootstrap intervals and reference scores
      goal_map          where the test tasks lie, and which of them fail
      time_split        seconds per iteration to collect, to update and to evaluate

    Runs that differ only in the seed are one experiment. All runs must be on one benchmark. Figures of test tasks need
    an evaluation by 'mlrun eval'. Prints the path of each file. If there is no data for a figure, the reason goes to
    stderr.
    """
    names, formats = _chosen("figure", figure, FIGURES), _chosen("format", format_, FORMATS)

    from mlrun.extras import require_extra

    require_extra("plot", "matplotlib", "drawing figures")

    from mlrun.analysis.plots.writing import require_one_figure, write_figure
    from mlrun.errors import MlrunError
    from mlrun.runs.layout import PLOTS, require_own_files
    from mlrun.runs.results import read_all_results

    results = read_all_results(runs, runs_dir)
    require_one_figure(results)
    if output is None and len(results) == 1:
        require_own_files(results[0].path)
    directory = output or (results[0].path / PLOTS if len(results) == 1 else Path(PLOTS))
    reasons, drawn = [], False
    for name in names:
        written = write_figure(name, results, directory, formats)
        for path in written.paths:
            typer.echo(path)
        reasons += written.notes
        drawn = drawn or bool(written.paths)
    if not drawn:
        raise MlrunError("\n".join(reasons))
    for reason in reasons:
        note(reason)


def _chosen(kind: str, given: list[str] | None, choices: Sequence[str]) -> Sequence[str]:
    """The given names without repetitions; all choices if none is given.

    Raises:
        typer.BadParameter: a name is not one of the choices.
    """
    from mlrun.registry import UnknownNameError

    for name in given or ():
        if name not in choices:
            raise typer.BadParameter(str(UnknownNameError.among(kind, name, choices)))
    return tuple(dict.fromkeys(given)) if given else choices
