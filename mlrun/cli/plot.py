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
        typer.Option(metavar="NAME", help="Draw this one. Repeatable. Default: all that can be drawn."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            file_okay=False,
            help="Where to write. Default: plots/ in the run; of several runs, ./plots.",
        ),
    ] = None,
    format_: Annotated[
        list[str] | None, typer.Option("--format", metavar="png|svg", help="Repeatable. Default: both.")
    ] = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw figures of runs, as wide as a column of a paper, and print the files.

    The figures are learning_curves (scores before and after adaptation, along training), adaptation_steps (scores on
    test tasks by adaptation step with 95% bootstrap intervals, beside the floors), goal_map (which test tasks fail, and
    where they lie) and time_split (how long an iteration collects, updates and evaluates).

    Runs that differ in nothing but the seed are one experiment. All must be on one benchmark. Figures of test tasks
    need evaluations by 'mlrun eval'; what cannot be drawn is left out, and the reason goes to stderr.
    """
    names, formats = _chosen("figure", figure, FIGURES), _chosen("format", format_, FORMATS)

    from mlrun.extras import require_extra

    require_extra("plot", "matplotlib", "drawing figures")

    from mlrun.analysis.plots.writing import require_one_figure, write_figure
    from mlrun.errors import MlrunError
    from mlrun.runs.layout import PLOTS
    from mlrun.runs.own_files import require_own_files
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
        reasons += written.remarks
        drawn = drawn or bool(written.paths)
    if not drawn:
        raise MlrunError("\n".join(reasons))
    for reason in reasons:
        note(reason)


def _chosen(kind: str, given: list[str] | None, choices: Sequence[str]) -> Sequence[str]:
    from mlrun.registry import UnknownNameError

    for name in given or ():
        if name not in choices:
            raise typer.BadParameter(str(UnknownNameError.among(kind, name, choices)))
    return tuple(dict.fromkeys(given)) if given else choices
