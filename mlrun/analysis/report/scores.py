"""Sections of scores on test tasks: the comparison of experiments, and the scores of every run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mlrun.analysis.comparison.compare import Comparison, Group, compare, explanations, samples_in_words
from mlrun.analysis.comparison.grouping import benchmark_settings
from mlrun.analysis.comparison.protocol import EvaluatedRun, IncomparableError
from mlrun.analysis.comparison.statistics import Estimate
from mlrun.analysis.report.html import Html, body, bullets, element, interval, join, number, row, table
from mlrun.analysis.report.section import Naming, Section
from mlrun.runs.results import evaluated_steps
from mlrun.scores import SCORES, SHOWN
from mlrun.wording import (
    aids_in_words,
    counted,
    data_in_words,
    duration,
    memory_checks,
    moment_in_words,
    score_in_words,
    tasks_in_words,
)


def compare_scores(runs: Sequence[EvaluatedRun]) -> list[Comparison]:
    """Compare runs by each score that figures show, after the most adaptation steps that all runs were evaluated at.

    Where only some adapt by a memory, each run is compared after its own last step.

    Raises:
        IncomparableError: the runs cannot be compared.
    """
    steps = min(run.steps for run in runs)
    mixed = len({run.has_memory for run in runs}) > 1
    alike = list(runs) if mixed else [replace(run, steps=steps) for run in runs]
    names = [name for name in SCORES if name in SHOWN and all(name in run.names for run in alike)]
    return [compare(alike, name) for name in names or [None]]


def comparison_section(comparisons: Sequence[Comparison] | IncomparableError, naming: Naming) -> Section:
    """The comparison of experiments, or the reason why they cannot be compared. A single run has no comparison."""
    if isinstance(comparisons, IncomparableError):
        return Section("Comparison", [element("p", f"Not possible: {comparisons}.")])
    if not comparisons or sum(len(group.runs) for group in comparisons[0].groups) == 1:
        return Section("Comparison")
    content = [_comparison_table(comparisons, naming), _training_table(comparisons[0], naming)]
    sentences = [*dict.fromkeys(text for comparison in comparisons for text in _explanations(comparison, naming))]
    title = "Comparison" if len(comparisons[0].groups) > 1 else "All seeds together"
    return Section(title, [*content, bullets(sentences, "notes")])


def scores_section(runs: Sequence[EvaluatedRun], naming: Naming) -> Section:
    """The scores of every run: a table for each protocol, in which the number of adaptation steps may differ."""
    tables = [_scores_table(alike, naming, every_step=len(runs) == 1) for alike in _by_protocol(runs)]
    title = "Held-out tasks" if len(runs) == 1 else "Every run"
    notes = element("p", "Intervals: 95% bootstrap over tasks.", class_="notes")
    return Section(title, [*tables, notes] if tables else [])


def _explanations(comparison: Comparison, naming: Naming) -> Iterator[str]:
    steps = comparison.protocol["steps"]
    runs = [run for group in comparison.groups for run in group.runs]
    if steps is not None and any(evaluated_steps(run.report) > steps for run in runs):
        yield f"Some runs were evaluated after more than {counted(steps, 'step')}, but not all of them."
    yield from explanations(comparison, naming.experiment(comparison.groups[0].runs[0].results))


def _comparison_table(comparisons: Sequence[Comparison], naming: Naming) -> Html:
    first = comparisons[0]
    after = moment_in_words(first.protocol["steps"])
    headings = ["", "before, mean", f"{after}, mean", f"{after}, IQM"]
    if len(first.groups) > 1:
        headings.append("better than the first")
    if first.protocol["steps"] is None:
        headings.append("adaptation episodes")
    bodies = [body(SCORES[one.score].label, len(headings), _comparison_rows(one, naming)) for one in comparisons]
    return table(f"{tasks_in_words(first.protocol)}; {data_in_words(first.protocol)}", headings, bodies)


def _comparison_rows(comparison: Comparison, naming: Naming) -> Iterator[Html]:
    decimals, several = SCORES[comparison.score].decimals, len(comparison.groups) > 1
    with_data = comparison.protocol["steps"] is None
    for group in comparison.groups:
        numbers = [group.before.mean, group.after.mean, group.after.interquartile_mean]
        cells: list[str] = [_estimate(estimate, decimals) for estimate in numbers]
        if several:
            cells.append(_estimate(group.improvement, 2) if group.improvement else "-")
        if with_data:
            cells.append(str(group.adapted_to))
        yield row(_name(group, naming), cells)
    if several:
        for name, score in comparison.reference_scores.items():
            yield row(name, ["", number(score, decimals), "", "", *([""] * with_data)], "reference")


def _training_table(comparison: Comparison, naming: Naming) -> Html:
    rows = [
        row(
            _name(group, naming),
            [
                ", ".join(str(run.experiment.seed) for run in group.runs),
                f"{group.budget.samples:,.0f}",
                duration(group.budget.seconds),
            ],
        )
        for group in comparison.groups
    ]
    headings = ["", "seeds", f"{samples_in_words(comparison)} per run", "time per run"]
    return table("What training has used", headings, [body("", len(headings), rows)])


def _name(group: Group, naming: Naming) -> str:
    return naming.experiment(group.runs[0].results)


def _estimate(estimate: Estimate, decimals: int) -> Html:
    return interval(estimate.value, estimate.low, estimate.high, decimals)


def _by_protocol(runs: Sequence[EvaluatedRun]) -> list[list[EvaluatedRun]]:
    groups: dict[str, list[EvaluatedRun]] = {}
    for run in runs:
        own = run.protocol()
        protocol, references = {**own, "steps": None, "data_by_step": "data_by_step" in own}, run.report["floors"]
        key = [benchmark_settings(run.experiment), protocol, references, run.names]
        groups.setdefault(json.dumps(key), []).append(run)
    return list(groups.values())


def _scores_table(runs: Sequence[EvaluatedRun], naming: Naming, *, every_step: bool) -> Html:
    about, common = runs[0].protocol(), min(run.steps for run in runs)
    names = [name for name in SCORES if name in runs[0].names]
    headings = ["", *(SCORES[name].label for name in names)]
    bodies = [
        body(
            _heading(run, naming),
            len(headings),
            _run_rows(run, names, range(run.steps + 1) if every_step else sorted({0, common, run.steps})),
        )
        for run in runs
    ]
    references = list(_reference_rows(runs[0], names))
    if references:
        bodies.append(body("without adaptation, for comparison", len(headings), references))
    return table(f"{tasks_in_words(about)}; {data_in_words(about)}", headings, bodies)


def _heading(run: EvaluatedRun, naming: Naming) -> Html:
    results, checkpoint = run.results, run.report["checkpoint"]
    parts = [results.id, results.status, f"checkpoint {checkpoint}"]
    if run.experiment.aids:
        parts.append(aids_in_words(run.experiment.aids))
    if run.other_best is not None:
        parts.append(f"its best is {run.other_best}")
    return join([naming.run(results), " ", element("small", ", ".join(parts))])


def _run_rows(run: EvaluatedRun, names: Sequence[str], steps: Sequence[int]) -> Iterator[Html]:
    for step in steps:
        cells = [_score(run.report["by_step"][step][name], SCORES[name].decimals) for name in names]
        yield row(score_in_words(run.report, step), cells, "after" if step == run.steps else "before")
    for label, scores in memory_checks(run.report):
        yield row(label, [_score(scores[name], SCORES[name].decimals) for name in names], "before")


def _score(score: Mapping[str, float], decimals: int) -> Html:
    return interval(score["mean"], score["low"], score["high"], decimals)


def _reference_rows(run: EvaluatedRun, names: Sequence[str]) -> Iterator[Html]:
    for label, scores in run.report["floors"].items():
        yield row(label, (number(scores.get(name), SCORES[name].decimals) for name in names), "reference")
