"""What runs were made with, and in what they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlrun.analysis.comparison.grouping import LabelledRuns, as_text, differences, settings
from mlrun.analysis.report.html import Html, element
from mlrun.analysis.report.naming import Naming
from mlrun.analysis.report.section import Section, folded
from mlrun.analysis.report.tables import body, row, table
from mlrun.runs.layout import CONFIG
from mlrun.runs.results import RunResults


def configuration_section(naming: Naming) -> Section:
    """The settings that are not the same for all experiments, then each experiment's own, folded."""
    groups = naming.experiments
    different = differences([settings(group.runs[0].experiment) for group in groups])
    content = [_table(groups, different)] if len(groups) > 1 else []
    return Section("Configuration", [*content, *(_folded(group) for group in groups)])


def _table(groups: Sequence[LabelledRuns], different: Sequence[Mapping[str, Any]]) -> Html:
    keys = dict.fromkeys(key for one in different for key in one)
    rows = [row(key, (as_text(one[key]) if key in one else "-" for one in different), "setting") for key in keys]
    headings = ["", *(group.label for group in groups)]
    return table("What differs; a dash where there is no such setting", headings, [body("", len(headings), rows)])


def _folded(group: LabelledRuns) -> Html:
    text = (group.runs[0].path / CONFIG).read_text(encoding="utf-8")
    return folded(f"{group.label}: {CONFIG}{_seeds(group.runs)}", element("pre", text))


def _seeds(runs: Sequence[RunResults]) -> str:
    others = [str(run.experiment.seed) for run in runs[1:]]
    return f", and the same with seed {', '.join(others)}" if others else ""
