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
            help="What to write. Default: report.html in the run; of several runs, ./report.html.",
        ),
    ] = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Write one HTML file about runs, to read in a browser, to print or to send, and print its path.

    In it are the scores on held-out tasks, the experiments compared where that is possible, the figures of 'mlrun
    plot', configurations and manifests; and what 'mlrun render' and 'mlrun explain' have left in the runs, in videos/
    and plots/. It loads nothing from anywhere and has no scripts. What is missing is named, with what to type.
    """
    from mlrun.analysis.report.page import report_page
    from mlrun.runs.files import write_text
    from mlrun.runs.layout import REPORT
    from mlrun.runs.own_files import require_own_files
    from mlrun.runs.results import read_all_results

    results = read_all_results(runs, runs_dir)
    for run in results:
        require_own_files(run.path)
    path = output or (results[0].path / REPORT if len(results) == 1 else Path(REPORT))
    page = report_page(results, drawn=can_draw())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, page)
    typer.echo(path)
