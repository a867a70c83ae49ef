"""Sections on how runs were made: their settings, and when, where and by which code they were trained."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlrun.analysis.comparison.grouping import LabelledRuns, as_text, differences, settings
from mlrun.analysis.report.html import Html, body, element, folded, row, table
from mlrun.analysis.report.section import Naming, Section
from mlrun.errors import MlrunError
from mlrun.runs.layout import CONFIG
from mlrun.runs.manifest import Attempt, Record, Repository, read_record
from mlrun.runs.results import RunResults
from mlrun.wording import duration


def configuration_section(naming: Naming) -> Section:
    """The settings that differ between experiments, then config.yaml of each experiment, folded."""
    groups = naming.experiments
    different = differences([settings(group.runs[0].experiment) for group in groups])
    content = [_differences(groups, different)] if len(groups) > 1 else []
    return Section("Configuration", [*content, *(_configuration(group) for group in groups)])


def provenance_section(runs: Sequence[RunResults], naming: Naming) -> Section:
    """The manifest of every run, folded."""
    return Section("Provenance", [folded(f"{naming.run(run)}: {run.id}", *_manifest(run)) for run in runs])


def _differences(groups: Sequence[LabelledRuns], different: Sequence[Mapping[str, Any]]) -> Html:
    keys = dict.fromkeys(key for one in different for key in one)
    rows = [row(key, (as_text(one[key]) if key in one else "-" for one in different), "setting") for key in keys]
    headings = ["", *(group.label for group in groups)]
    caption = "Settings that differ; a dash means that there is no such setting"
    return table(caption, headings, [body("", len(headings), rows)])


def _configuration(group: LabelledRuns) -> Html:
    text = (group.runs[0].path / CONFIG).read_text(encoding="utf-8")
    return folded(f"{group.label}: {CONFIG}{_other_seeds(group.runs)}", element("pre", text))


def _other_seeds(runs: Sequence[RunResults]) -> str:
    others = [str(run.experiment.seed) for run in runs[1:]]
    return f", and the same with seed {', '.join(others)}" if others else ""


def _manifest(run: RunResults) -> list[Html]:
    try:
        record = read_record(run.path)
    except MlrunError as error:
        return [element("p", f"{error}.")]
    return [_listed(_of_run(run, record)), *(_listed(_of_attempt(attempt)) for attempt in record.attempts)]


def _of_run(run: RunResults, record: Record) -> Iterator[tuple[str, str]]:
    yield "path", str(run.path)
    yield "created", record.created
    yield "status", run.status
    yield "exit reason", record.exit_reason or "-"


def _of_attempt(attempt: Attempt) -> Iterator[tuple[str, str]]:
    yield "started", attempt.started
    yield "ended", "-" if attempt.ended is None else f"{attempt.ended}, after {duration(attempt.seconds)}"
    yield "command line", shlex.join(attempt.argv)
    yield "in", attempt.directory or "-"
    yield "git commit", _commit(attempt.git)
    yield "versions", ", ".join([_pairs(attempt.versions), *attempt.plugins])
    yield "hardware", _pairs(attempt.hardware)
    yield "process", f"{attempt.pid} on {attempt.host}"


def _commit(git: Repository | None) -> str:
    if git is None or git.commit is None:
        return "none"
    return f"{git.commit}{', with changes' if git.dirty else ''}"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {as_text(value)}" for name, value in values.items() if value not in (None, []))


def _listed(pairs: Iterator[tuple[str, str]]) -> Html:
    return element("dl", *(part for name, value in pairs for part in (element("dt", name), element("dd", value))))
