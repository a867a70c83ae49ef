"""`mlrun runs export`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, Runs, RunsDir, examples

NAME = "export"
EXAMPLES = examples(
    "mlrun runs export runs/* > metrics.csv",
    "mlrun runs export runs/*-sweep-* --what evaluations > scores.csv",
    'python -c \'import pandas; print(pandas.read_csv("metrics.csv").groupby("run").last())\'',
)


def command(
    runs: Runs,
    what: Annotated[
        Literal["metrics", "evaluations"],
        typer.Option(help="metrics: one row per meta-iteration. evaluations: one row per task and adaptation step."),
    ] = "metrics",
    as_csv: Annotated[
        bool,
        typer.Option("--csv", show_default=False, help="Print CSV, which is the only format."),
    ] = True,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Print metrics or evaluations of runs as CSV.

    Each row names its run and seed, then the settings in which these runs differ, for example algorithm.name: group by
    these. Then comes one column for each metric or score that any of the runs has. A cell is empty if the run has no
    such value, or if the value was not finite.
    """
    import sys

    from mlrun.analysis.comparison.export import evaluation_rows, metric_rows, write_csv
    from mlrun.runs.results import read_all_results

    rows = (metric_rows if what == "metrics" else evaluation_rows)(read_all_results(runs, runs_dir))
    write_csv(rows, sys.stdout)
