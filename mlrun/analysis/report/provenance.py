"""When, where and by which code runs were made."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlrun.analysis.comparison.grouping import as_text
from mlrun.analysis.report.html import Html, element
from mlrun.analysis.report.naming import Naming
from mlrun.analysis.report.section import Section, folded
from mlrun.errors import MlrunError
from mlrun.runs.manifest import Attempt, Record, Repository, read_record
from mlrun.runs.results import RunResults
from mlrun.wording import duration


def provenance_section(runs: Sequence[RunResults], naming: Naming) -> Section:
    """The manifest of every run, folded."""
    return Section("Provenance", [folded(f"{naming.run(run)}: {run.id}", *_manifest(run)) for run in runs])


def _manifest(run: RunResults) -> list[Html]:
    try:
        record = read_record(run.path)
    except MlrunError as error:
        return [element("p", f"{error}.")]
    return [_described(_of_run(run, record)), *(_described(_of_attempt(attempt)) for attempt in record.attempts)]


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


def _described(pairs: Iterator[tuple[str, str]]) -> Html:
    return element("dl", *(part for name, value in pairs for part in (element("dt", name), element("dd", value))))
