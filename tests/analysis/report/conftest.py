from __future__ import annotations

import pytest

from mlrun.analysis.report.page import report_page
from mlrun.runs.results import read_results
from tests.analysis.report.reading import Page
from tests.run_results import SINUSOID, make_run, report

ROWS = [
    {
        "iteration": i,
        "eval/pre/mse": 3.0,
        "eval/post/mse": 1.0 / i,
        "examples": 80,
        "time/collect": 1.0,
        "time/update": 1.0,
        "time": 2.0 * i,
    }
    for i in (1, 2, 3)
]


@pytest.fixture
def make(tmp_path):
    """Makes a finished run of three iterations, evaluated unless there are no scores for it."""

    def make(*settings, text=SINUSOID, rows=ROWS, by_step=({"mse": [4.0, 2.0]}, {"mse": [1.0, 0.5]}), **about):
        run = make_run(tmp_path, text, *settings, rows=rows)
        run.manifest.start()
        run.manifest.end("finished", None, 6.0)
        if by_step:
            written = report(run, by_step, **about)
            for number, task in enumerate(written["per_task"]):
                task["parameters"] = [1.0 + number, 0.5 * number, 0.02, 0.1 * number, 0.8, 0.2]
            run.save_evaluation(written)
        return run

    return make


@pytest.fixture
def page(tmp_path):
    """The report about runs."""

    def page(*runs, drawn=True):
        return Page(report_page([read_results(run.path, tmp_path) for run in runs], drawn=drawn))

    return page
