"""Experiments beside each other: over their seeds, with intervals, and how likely one is better than another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mlrun.analysis.comparison.compare import Comparison, Group, compare, explanations, samples_in_words
from mlrun.analysis.comparison.protocol import EvaluatedRun, IncomparableError
from mlrun.analysis.comparison.statistics import Estimate
from mlrun.analysis.report.html import Html, element
from mlrun.analysis.report.naming import Naming
from mlrun.analysis.report.section import Section, bullets
from mlrun.analysis.report.tables import body, interval, number, row, table
from mlrun.runs.results import evaluated_steps
from mlrun.scores import SCORES, SHOWN
from mlrun.wording import counted, data_in_words, duration, moment_in_words, tasks_in_words


def compare_scores(runs: Sequence[EvaluatedRun]) -> list[Comparison]:
    """A comparison by each score that figures show, after as many steps as all runs were evaluated at.

    Raises:
        IncomparableError: the runs cannot be compared; the message says why.
    """
    steps = min(run.steps for run in runs)
    alike = [replace(run, steps=steps) for run in runs]
    names = [name for name in SCORES if name in SHOWN and all(name in run.names for run in alike)]
    return [compare(alike, name) for name in names or [None]]


def comparison_section(comparisons: Sequence[Comparison] | IncomparableError, naming: Naming) -> Section:
    """The comparisons, or why there are none."""
    if isinstance(comparisons, IncomparableError):
        return Section("Comparison", [element("p", f"Not possible: {comparisons}.")])
    if not comparisons or sum(len(group.runs) for group in comparisons[0].groups) == 1:
        return Section("Comparison")
    content = [_scores(comparisons, naming), _evidence(comparisons[0], naming)]
    sentences = [*dict.fromkeys(text for comparison in comparisons for text in _explanations(comparison, naming))]
    title = "Comparison" if len(comparisons[0].groups) > 1 else "All seeds together"
    return Section(title, [*content, bullets(sentences, "notes")])


def _explanations(comparison: Comparison, naming: Naming) -> Iterator[str]:
    steps = comparison.protocol["steps"]
    if any(evaluated_steps(run.report) > steps for group in comparison.groups for run in group.runs):
        yield f"Some runs were evaluated after more than {counted(steps, 'step')}, but not all of them."
    yield from explanations(comparison, naming.experiment(comparison.groups[0].runs[0].results))


def _scores(comparisons: Sequence[Comparison], naming: Naming) -> Html:
    first = comparisons[0]
    after = moment_in_words(first.protocol["steps"])
    headings = ["", "before, mean", f"{after}, mean", f"{after}, IQM"]
    if len(first.groups) > 1:
        headings.append("better than the first")
    bodies = [body(SCORES[one.score].label, len(headings), _rows(one, naming)) for one in comparisons]
    return table(f"{tasks_in_words(first.protocol)}; {data_in_words(first.protocol)}", headings, bodies)


def _rows(comparison: Comparison, naming: Naming) -> Iterator[Html]:
    decimals, several = SCORES[comparison.score].decimals, len(comparison.groups) > 1
    for group in comparison.groups:
        numbers = [group.before.mean, group.after.mean, group.after.interquartile_mean]
        cells: list[str] = [_estimate(estimate, decimals) for estimate in numbers]
        if several:
            cells.append(_estimate(group.improvement, 2) if group.improvement else "-")
        yield row(_name(group, naming), cells)
    if several:
        for name, floor in comparison.floors.items():
            yield row(name, ["", number(floor, decimals), "", ""], "floor")


def _evidence(comparison: Comparison, naming: Naming) -> Html:
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
    return table("What training has taken", headings, [body("", len(headings), rows)])


def _name(group: Group, naming: Naming) -> str:
    return naming.experiment(group.runs[0].results)


def _estimate(estimate: Estimate, decimals: int) -> Html:
    return interval(estimate.value, estimate.low, estimate.high, decimals)
