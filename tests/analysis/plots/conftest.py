from __future__ import annotations

import numpy as np
import pytest
from matplotlib.lines import Line2D

from mlrun.runs.results import read_results
from tests.run_results import REACH, make_run, report

ROWS = [
    {
        "iteration": i,
        "pre/return": 10.0 * i,
        "post/return": 20.0 * i,
        "pre/success_last": 0.1 * i,
        "post/success_last": 0.2 * i,
        "eval/pre/return": 11.0 * i,
        "eval/post/return": 21.0 * i,
        "env_steps": 1000,
        "time/collect": 2.0,
        "time/update": 1.0,
        "time": 3.5 * i,
    }
    for i in (1, 2, 3)
]
# Four tasks: success at the last step, before that only, never, and never but after adaptation.
BEFORE = {"return": [4.0, 3.0, 2.0, 1.0], "success_any": [1.0, 1.0, 0.0, 0.0], "success_last": [1.0, 0.0, 0.0, 0.0]}
AFTER = {"return": [9.0, 8.0, 7.0, 6.0], "success_any": [1.0, 1.0, 0.0, 1.0], "success_last": [1.0, 0.0, 0.0, 1.0]}
REFERENCES = {"zero": {"return": 2.5, "success_any": 0.0, "success_last": 0.0}}
GOALS = [[0.1 * i, 0.6, 0.02, -0.02 * i, 0.8 + 0.01 * i, 0.1 + 0.05 * i] for i in range(4)]


def points(line: Line2D) -> list[list[float]]:
    """The points of a line, x and y each."""
    return np.asarray(line.get_xydata()).tolist()


@pytest.fixture
def make(tmp_path):
    """Makes a run, with an evaluation unless there are no scores for it, and reads it."""

    def make(*settings, text=REACH, rows=ROWS, by_step=(BEFORE, AFTER), places=GOALS, **about):
        run = make_run(tmp_path, text, *settings, rows=rows)
        if by_step:
            written = report(run, by_step, **{"floors": REFERENCES, **about})
            for task, place in zip(written["per_task"], places, strict=True):
                task["parameters"] = place
            run.save_evaluation(written)
        run.manifest.start()
        run.manifest.end("finished", None, 1.0)
        return read_results(run.path, tmp_path)

    return make
