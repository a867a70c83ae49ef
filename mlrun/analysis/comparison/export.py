"""Tables of runs for other programs. The tables are tidy: every row names its run and the settings that differ."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from mlrun.analysis.comparison.grouping import as_text, differences, settings
from mlrun.runs.results import RunResults, data_by_step

Row = dict[str, Any]


def metric_rows(runs: Sequence[RunResults]) -> Iterator[Row]:
    """One row per meta-iteration of every run."""
    for run, about in zip(runs, _descriptions(runs), strict=True):
        for row in run.metrics:
            yield about | row


def evaluation_rows(runs: Sequence[RunResults]) -> Iterator[Row]:
    """One row per adaptation step of every task, in every evaluation of every run."""
    for run, about in zip(runs, _descriptions(runs), strict=True):
        unit = run.experiment.data_unit
        for report in run.evaluations:
            protocol = {key: report.get(key) for key in ("split", "checkpoint", unit)}
            used = data_by_step(report, unit)
            for task in report["per_task"]:
                for step, scores in enumerate(task["by_step"]):
                    cost = {"adaptation_episodes": used[step]} if unit == "episodes" else {}
                    yield {**about, **protocol, "task": task["index"], "step": step, **cost, **scores}


def write_csv(rows: Iterator[Row], file: TextIO) -> None:
    """Write rows as CSV. Every key of any row is a column, in order of first occurrence."""
    table = list(rows)
    keys = dict.fromkeys(["run", "seed", *(key for row in table for key in row)])
    writer = csv.DictWriter(file, keys, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)


def _descriptions(runs: Sequence[RunResults]) -> list[Row]:
    different = differences([settings(run.experiment) for run in runs])
    return [
        {"run": run.id, "seed": run.experiment.seed, **{key: as_text(value) for key, value in own.items()}}
        for run, own in zip(runs, different, strict=True)
    ]
