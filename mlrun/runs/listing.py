"""The runs in a directory: which there are, and how each of them stands, damaged ones included."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mlrun.config import ConfigError, read_values
from mlrun.errors import MlrunError, RunNotFoundError
from mlrun.runs.directory import RunDirectory
from mlrun.runs.layout import CONFIG, MANIFEST, METRICS
from mlrun.runs.lock import is_locked
from mlrun.runs.metrics import is_number
from mlrun.runs.metrics_end import MetricsEnd, read_end
from mlrun.runs.record import Record, read_record
from mlrun.scores import SCORES

T = TypeVar("T")

_ID = re.compile(r"\d{8}-\d{6}-.+-s\d+-[0-9a-f]{4}")


@dataclass(frozen=True)
class Evaluation:
    """An evaluation during training, on the training tasks.

    Attributes:
        iteration: after which it was done.
        before: scores by name before adaptation.
        after: the same after it.
    """

    iteration: int
    before: dict[str, float | None]
    after: dict[str, float | None]


@dataclass(frozen=True)
class Summary:
    """How a run stands.

    Attributes:
        path: its directory.
        status: as its manifest says; "stopped" where that says "running" and no process is; "damaged" without one.
        problems: what is wrong with its files, a line each.
        record: its manifest, unless that is damaged.
        iterations: how many it is to do; None where that cannot be read.
        metrics: the last row, or None.
        evaluation: the last one, or None.
        changed: when a file of it last changed, in seconds since the epoch.
        bytes: what it takes up on disk.
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
        """Iterations done."""
        return 0 if self.metrics is None else self.metrics["iteration"]

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing left to train."""
        return self.status == "finished" and (self.iterations is None or self.iteration >= self.iterations)

    @property
    def can_go_on(self) -> bool:
        """Whether `mlrun resume` leads on."""
        return not self.is_complete and self.status not in ("running", "diverged", "damaged")


def find_runs(runs_dir: Path) -> list[Path]:
    """Where the runs of a directory are, the newest first; a directory that could be one, were it whole, counts."""
    with os.scandir(runs_dir) as entries:
        names = sorted((entry.name for entry in entries if not entry.name.startswith(".")), reverse=True)
    paths = (runs_dir / name for name in names)
    return [path for path in paths if _looks_like_a_run(path) or (_ID.fullmatch(path.name) and path.is_dir())]


def list_runs(runs_dir: Path) -> Iterator[Summary]:
    """How each run of a directory stands, the newest first."""
    for path in find_runs(runs_dir):
        try:
            yield summarise(path)
        except FileNotFoundError:  # deleted in the meantime
            continue


def find_run(path_or_id: str, runs_dir: Path) -> Path:
    """Find a run as `RunDirectory.open` does, even if it is damaged.

    Raises:
        RunNotFoundError: there is none.
    """
    for path in (Path(path_or_id), runs_dir / path_or_id):
        if _looks_like_a_run(path):
            return path
    try:
        return RunDirectory.open(path_or_id, runs_dir).path
    except OSError as error:
        raise RunNotFoundError(f"{path_or_id!r}: {error.strerror}") from error


def summarise(path: Path) -> Summary:
    """Read how a run stands, without waiting for a process that trains it and without disturbing that."""
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


@dataclass
class _Reader:
    """Reads one file after the other, and notes what is wrong instead of failing."""

    problems: list[str] = field(default_factory=list)

    def __call__(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except (MlrunError, ConfigError, OSError) as error:
            self.problems += str(error).splitlines()[:1]
            return None


def _looks_like_a_run(path: Path) -> bool:
    return any(os.path.isfile(path / name) for name in (CONFIG, MANIFEST))


def _status(path: Path, record: Record) -> str:
    if record.status != "running" or is_locked(path):
        return record.status
    # It may have ended between the two looks; a process lets go of the lock only once it has written how it ended.
    again = read_record(path)
    return "stopped" if again.status == "running" else again.status


def _training(path: Path) -> dict[str, int]:
    """Its section of that name, as far as it is plausible: checking the experiment could load other packages."""
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
    """When a file under a directory last changed, and the bytes of all of them on disk."""
    files = list(_files(path))
    return max((file.st_mtime for file in files), default=path.stat().st_mtime), sum(
        file.st_blocks * 512 for file in files
    )


def _files(directory: Path) -> Iterator[os.stat_result]:
    for parent, _, names in os.walk(directory):
        for name in names:
            try:
                yield os.lstat(os.path.join(parent, name))
            except OSError:  # a temporary file of a run that is being trained
                continue
