"""How the runs in a directory stand: the data behind `mlrun runs ls` and `mlrun runs show`.

Damaged runs are listed too: what is wrong with their files is part of the data. Nothing here loads torch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from mlrun.config import ConfigError, Experiment, load_experiment, read_values
from mlrun.errors import ChangedExperimentError, MlrunError
from mlrun.runs.checkpoints import Checkpoints
from mlrun.runs.evaluations import summarise_reports
from mlrun.runs.layout import CHECKPOINTS, CONFIG, DIVERGENCE, METRICS, linked_checkpoint, looks_like_a_run
from mlrun.runs.lock import is_locked
from mlrun.runs.manifest import Record, read_record
from mlrun.runs.metrics import MetricsEnd, is_number, read_end
from mlrun.runs.same_experiment import require_recorded_experiment
from mlrun.scores import SCORES

T = TypeVar("T")

_ID = re.compile(r"\d{8}-\d{6}-.+-s\d+-[0-9a-f]{4}")


@dataclass(frozen=True)
class Evaluation:
    """Mean scores of an evaluation during training, on the training tasks.

    Attributes:
        iteration: the meta-iteration after which it was done.
        before: scores by name before adaptation.
        after: scores by name after adaptation.
    """

    iteration: int
    before: dict[str, float | None]
    after: dict[str, float | None]


@dataclass(frozen=True)
class Summary:
    """How a run stands.

    Attributes:
        path: its directory.
        status: the status in its manifest. It is "stopped" if the manifest says "running" but no process holds the
            lock, and "damaged" if the manifest cannot be read.
        problems: what is wrong with its files, one line each.
        record: its manifest, or None if that is damaged.
        iterations: meta-iterations that its experiment asks for, or None if they cannot be read.
        metrics: the last row of its metrics, or None.
        evaluation: its last evaluation during training, or None.
        changed: when one of its files changed last, in seconds since the epoch.
        bytes: its size on disk.
    """

    path: Path
    status: str
    problems: list[str]
    record: Record | None
    iterations: int | None
    metrics: dict[str, Any] | None
    evaluation: Evaluation | None
    changed: float
    bytes: int

    @property
    def id(self) -> str:
        """Name of the directory."""
        return self.path.absolute().name

    @property
    def iteration(self) -> int:
        """Meta-iterations done."""
        return 0 if self.metrics is None else self.metrics["iteration"]

    @property
    def is_complete(self) -> bool:
        """Whether all iterations are done."""
        return self.status == "finished" and (self.iterations is None or self.iteration >= self.iterations)

    @property
    def can_go_on(self) -> bool:
        """Whether `mlrun resume` can continue it."""
        return not self.is_complete and self.status not in ("running", "diverged", "damaged")


def find_runs(runs_dir: Path) -> list[Path]:
    """The runs in a directory, the newest first. A damaged run is found by its files or by the form of its name."""
    with os.scandir(runs_dir) as entries:
        names = sorted((entry.name for entry in entries if not entry.name.startswith(".")), reverse=True)
    paths = (runs_dir / name for name in names)
    return [path for path in paths if looks_like_a_run(path) or (_ID.fullmatch(path.name) and path.is_dir())]


def list_runs(runs_dir: Path) -> Iterator[Summary]:
    """A summary of each run in a directory, the newest first."""
    for path in find_runs(runs_dir):
        try:
            yield summarise(path)
        except FileNotFoundError:  # deleted in the meantime
            continue


def summarise(path: Path) -> Summary:
    """Read how a run stands. A process that trains the run is neither waited for nor disturbed."""
    read = _Reader()
    record = read(lambda: read_record(path))
    status = None if record is None else read(lambda: _status(path, record))
    training = read(lambda: _training(path)) or {}
    metrics = read(lambda: read_end(path / METRICS, training.get("evaluate_every"))) or MetricsEnd(None, None)
    changed, size = _disk_usage(path)
    return Summary(
        path=path,
        status="damaged" if status is None else status,
        problems=read.problems,
        record=record,
        iterations=training.get("iterations"),
        metrics=metrics.last,
        evaluation=_evaluation(metrics.evaluated),
        changed=changed,
        bytes=size,
    )


def summary_as_data(summary: Summary) -> dict[str, Any]:
    """A summary as plain data."""
    evaluation = summary.evaluation
    return {
        "id": summary.id,
        "path": str(summary.path),
        "status": summary.status,
        "problems": summary.problems,
        "iteration": summary.iteration,
        "iterations": summary.iterations,
        "evaluation": evaluation and vars(evaluation),
        "changed": datetime.fromtimestamp(summary.changed).astimezone().isoformat(timespec="seconds"),
        "bytes": summary.bytes,
    }


def describe_run(summary: Summary) -> dict[str, Any]:
    """Everything that is known about a run, as plain data.

    ::

        id, path, status, problems, iteration, iterations, evaluation, changed, bytes: as in the summary
        exit_reason  why it ended, or null
        divergence   the file that says where and for which task it diverged, or null
        created      when
        experiment   the content of config.yaml, or null if that is not valid in this version, or was edited
        attempts     of run.json
        metrics      the last row, or null
        checkpoints  {iterations, last, best}
        evaluations  of eval/, without single tasks
    """
    problems = list(summary.problems)
    experiment = _experiment(summary, problems)
    record, divergence = summary.record, summary.path / DIVERGENCE
    described = {
        "exit_reason": record and record.exit_reason,
        "divergence": str(divergence) if divergence.is_file() else None,
        "created": record and record.created,
        "experiment": experiment and experiment.model_dump(mode="json"),
        "attempts": [attempt.model_dump() for attempt in record.attempts] if record else [],
        "metrics": summary.metrics,
        "checkpoints": {
            "iterations": Checkpoints(summary.path / CHECKPOINTS, keep=1).iterations(),
            "last": linked_checkpoint(summary.path, "last"),
            "best": linked_checkpoint(summary.path, "best"),
        },
        "evaluations": summarise_reports(summary.path, problems),
    }
    return {**summary_as_data(summary), "problems": problems, **described}


@dataclass
class _Reader:
    """Reads one file after the other. An error becomes a line of `problems`."""

    problems: list[str] = field(default_factory=list)

    def __call__(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except (MlrunError, ConfigError, OSError) as error:
            self.problems += str(error).splitlines()[:1]
            return None


def _status(path: Path, record: Record) -> str:
    if record.status != "running" or is_locked(path):
        return record.status
    # The run may have ended after its manifest was read. A process records the end before it releases the lock.
    again = read_record(path)
    return "stopped" if again.status == "running" else again.status


def _training(path: Path) -> dict[str, int]:
    """The positive numbers of its section ``training``. The rest is not checked: that could load other packages."""
    if not os.path.isfile(path / CONFIG):
        raise MlrunError(f"{CONFIG} is missing")
    values = read_values(path / CONFIG)
    section = values.get("training") if isinstance(values, dict) else None
    numbers = {name: number for name, number in (section or {}).items() if type(number) is int and number > 0}
    if "iterations" not in numbers:
        raise MlrunError(f"{CONFIG} is damaged: it has no training.iterations")
    return numbers


def _evaluation(row: dict[str, Any] | None) -> Evaluation | None:
    if row is None:
        return None
    before, after = (
        {name: _number(row.get(f"eval/{moment}/{name}")) for name in SCORES if f"eval/{moment}/{name}" in row}
        for moment in ("pre", "post")
    )
    return Evaluation(row["iteration"], before, after) if after else None


def _number(value: object) -> float | None:
    return value if is_number(value) else None


def _disk_usage(path: Path) -> tuple[float, int]:
    """When a file under a directory changed last, and the bytes of all of them on disk."""
    files = list(_files(path))
    changed = max((file.st_mtime for file in files), default=path.stat().st_mtime)
    return changed, sum(file.st_blocks * 512 for file in files)


def _files(directory: Path) -> Iterator[os.stat_result]:
    for parent, _, names in os.walk(directory):
        for name in names:
            try:
                yield os.lstat(os.path.join(parent, name))
            except OSError:  # a temporary file of a run that is being trained
                continue


def _experiment(summary: Summary, problems: list[str]) -> Experiment | None:
    if summary.iterations is None:  # the summary has already reported that config.yaml cannot be read
        return None
    try:
        experiment = load_experiment(summary.path / CONFIG)
        require_recorded_experiment(summary.path, experiment, but_for=None if summary.can_go_on else "evaluation")
    except (ConfigError, ChangedExperimentError) as error:
        problems += str(error).splitlines()
        return None
    return experiment
