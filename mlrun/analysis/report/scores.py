"""The scores of every run on held-out tasks, and beneath them what is reached without adaptation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from mlrun.analysis.comparison.grouping import benchmark_settings
from mlrun.analysis.comparison.protocol import EvaluatedRun
from mlrun.analysis.report.html import Html, element, join
from mlrun.analysis.report.naming import Naming
from mlrun.analysis.report.section import Section
from mlrun.analysis.report.tables import body, interval, number, row, table
from mlrun.scores import SCORES
from mlrun.wording import data_in_words, moment_in_words, tasks_in_words

_INTERVALS = "Intervals: 95% bootstrap over tasks."


def scores_section(runs: Sequence[EvaluatedRun], naming: Naming) -> Section:
    """A table for each way in which runs were evaluated, but for the number of steps."""
    tables = [_table(alike, naming, every_step=len(runs) == 1) for alike in _by_protocol(runs)]
    title = "Held-out tasks" if len(runs) == 1 else "Every run"
    return Section(title, [*tables, element("p", _INTERVALS, class_="notes")] if tables else [])


def _by_protocol(runs: Sequence[EvaluatedRun]) -> list[list[EvaluatedRun]]:
    groups: dict[str, list[EvaluatedRun]] = {}
    for run in runs:
        way = [benchmark_settings(run.experiment), {**run.protocol(), "steps": None}, run.report["floors"], run.names]
        groups.setdefault(json.dumps(way), []).append(run)
    return list(groups.values())


def _table(runs: Sequence[EvaluatedRun], naming: Naming, *, every_step: bool) -> Html:
    about, common = runs[0].protocol(), min(run.steps for run in runs)
    names = [name for name in SCORES if name in runs[0].names]
    headings = ["", *(SCORES[name].label for name in names)]
    bodies = [
        body(
            _heading(run, naming),
            len(headings),
            _rows(run, names, range(run.steps + 1) if every_step else sorted({0, common, run.steps})),
        )
        for run in runs
    ]
    floors = list(_floors(runs[0], names))
    if floors:
        bodies.append(body("without adaptation, for comparison", len(headings), floors))
    return table(f"{tasks_in_words(about)}; {data_in_words(about)}", headings, bodies)


def _heading(run: EvaluatedRun, naming: Naming) -> Html:
    results, checkpoint = run.results, run.report["checkpoint"]
    parts = [results.id, results.status, f"checkpoint {checkpoint}"]
    if results.best_checkpoint not in (None, checkpoint):
        parts.append(f"its best is {results.best_checkpoint}")
    return join([naming.run(results), " ", element("small", ", ".join(parts))])


def _rows(run: EvaluatedRun, names: Sequence[str], steps: Sequence[int]) -> Iterator[Html]:
    for step in steps:
        cells = [_score(run.report["by_step"][step][name], SCORES[name].decimals) for name in names]
        yield row(moment_in_words(step), cells, "after" if step == run.steps else "before")


def _score(score: Mapping[str, float], decimals: int) -> Html:
    return interval(score["mean"], score["low"], score["high"], decimals)


def _floors(run: EvaluatedRun, names: Sequence[str]) -> Iterator[Html]:
    for label, floor in run.report["floors"].items():
        yield row(label, (number(floor.get(name), SCORES[name].decimals) for name in names), "floor")
