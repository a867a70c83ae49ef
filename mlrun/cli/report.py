"""`mlrun report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, Runs, RunsDir, examples
from mlrun.cli.shared.output import can_draw

NAME = "report"
EXAMPLES = examples(
    "mlrun report runs/20261122-231608-maml-reach-s0-a1b2",
    "mlrun report runs/*-maml-reach-* runs/*-reptile-reach-* -o reach.html",
)


def command(
    runs: Runs,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            dir_okay=False,
            help="File to write or replace. Default: report.html in the run; for several runs, ./report.html.",
        ),
    ] = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Write an HTML report about one or more runs.

    The report is one file to read in a browser, to print or to send. It has no scripts and loads no other files.
    It shows the scores on held-out tasks, a comparison of the experiments where one is possible, the figures of 'mlrun
    plot', the configurations and the manifests. It also includes what 'mlrun render' and 'mlrun explain' have saved in
    the runs, in videos/ and plots/. If something is missing, the report says which command makes it.

    Prints the path of the file.
    """
    from mlrun.analysis.report.page import report_page
    from mlrun.runs.files import write_text
    from mlrun.runs.layout import REPORT, require_own_files
    from mlrun.runs.results import read_all_results

    results = read_all_results(runs, runs_dir)
    for run in results:
        require_own_files(run.path)
    path = output or (results[0].path / REPORT if len(results) == 1 else Path(REPORT))
    page = report_page(results, drawn=can_draw())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, page)
    typer.echo(path)
