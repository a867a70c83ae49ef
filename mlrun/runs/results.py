"""What a run has to show, for whoever compares, plots or reports it: read from its files alone, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlrun.config import ConfigError, Experiment, read_experiment
from mlrun.config.section import peek
from mlrun.errors import MlrunError
from mlrun.runs.evaluation_report import read_reports
from mlrun.runs.layout import CHECKPOINTS, CONFIG, METRICS
from mlrun.runs.listing import find_run, summarise
from mlrun.runs.metrics import MetricsLog, Row
from mlrun.runs.same_experiment import require_recorded_experiment


@dataclass(frozen=True)
class RunResults:
    """One run as its files tell it, however it stands.

    Attributes:
        path: its directory.
        id: name of the directory.
        status: as `mlrun.runs.listing.summarise` says it.
        experiment: what it was made with.
        metrics: rows of metrics.jsonl, the oldest first; there may be none yet.
        evaluations: reports in eval/ as `evaluate_run` wrote them, the newest first; there may be none.
    """

    path: Path
    id: str
    status: str
    experiment: Experiment
    metrics: list[Row]
    evaluations: list[dict[str, Any]]

    @property
    def iterations_done(self) -> int:
        """How many meta-iterations the metrics tell of."""
        return self.metrics[-1]["iteration"] if self.metrics else 0

    @property
    def best_checkpoint(self) -> int | None:
        """The iteration that the best checkpoint is of, or None where no evaluation has chosen one."""
        link = self.path / CHECKPOINTS / "best"
        return int(link.resolve().stem) if link.is_file() and link.resolve().stem.isdecimal() else None

    def evaluation(
        self, split: str = "test", *, data_per_task: int | None = None, steps: int | None = None
    ) -> dict[str, Any] | None:
        """An evaluation on a split: one by the experiment's own protocol, of the best checkpoint, if there is one.

        Of several, it is the newest; where there is none like that, the newest of those by its own protocol, or else
        of all; None if there is none at all.

        Args:
            split: "test" or "train".
            data_per_task: that many episodes or examples were adapted to; None for any number.
            steps: at least so many adaptation steps were evaluated; None for any number.
        """
        fitting = [
            report
            for report in self.evaluations
            if report["split"] == split
            and data_per_task in (None, self._data_per_task(report))
            and (steps is None or evaluated_steps(report) >= steps)
        ]
        fitting = [report for report in fitting if self._is_own_protocol(report)] or fitting
        of_best = [report for report in fitting if report["checkpoint"] == self.best_checkpoint]
        return next(iter(of_best or fitting), None)

    def _is_own_protocol(self, report: dict[str, Any]) -> bool:
        steps = _steps(self.experiment)
        enough = self._data_per_task(report) == self.experiment.evaluation_data
        return enough and steps in (None, evaluated_steps(report))

    def _data_per_task(self, report: dict[str, Any]) -> int | None:
        return report.get(self.experiment.data_unit)


def evaluated_steps(report: dict[str, Any]) -> int:
    """After how many adaptation steps an evaluation ended."""
    return len(report["by_step"]) - 1


def read_results(run: str | Path, runs_dir: Path) -> RunResults:
    """Read a run, also one that is being trained: nothing is waited for, and nothing changed.

    Args:
        run: its path, or its id under `runs_dir`.
        runs_dir: where run directories are.

    Raises:
        RunNotFoundError: there is no such run.
        ChangedExperimentError: its config.yaml says something else than when the run was made.
        MlrunError: a file of it that is needed is damaged; the message says which in one line.
    """
    path = find_run(str(run), runs_dir)
    summary = summarise(path)
    experiment = _experiment(path)
    require_recorded_experiment(path, experiment, but_for="evaluation")
    return RunResults(path, summary.id, summary.status, experiment, _metrics(path), read_reports(path))


def read_all_results(runs: Sequence[str | Path], runs_dir: Path) -> list[RunResults]:
    """Read several runs; one that is named twice is read once.

    Raises:
        RunNotFoundError: there is no such run.
        MlrunError: some are damaged, or their config.yaml was edited; the message has a line for each of them.
    """
    paths = {path.resolve(): path for path in (find_run(str(run), runs_dir) for run in runs)}
    results: list[RunResults] = []
    problems: list[MlrunError] = []
    for path in paths.values():
        try:
            results.append(read_results(path, runs_dir))
        except MlrunError as error:
            problems.append(error)
    if problems:
        error = MlrunError("\n".join(map(str, problems)))
        error.exit_code = min(problem.exit_code for problem in problems)
        raise error
    return results


def _experiment(path: Path) -> Experiment:
    try:
        return read_experiment(path / CONFIG)
    except ConfigError as error:
        raise MlrunError(str(error.mistakes[0])) from error


def _metrics(path: Path) -> list[Row]:
    log = path / METRICS
    if log.exists() and not log.is_file():
        raise MlrunError(f"{log} is damaged: it is no file")
    try:
        return MetricsLog(log).read()
    except OSError as error:
        raise MlrunError(f"{log} cannot be read: {error.strerror}") from error


def _steps(experiment: Experiment) -> int | None:
    """Adaptation steps of its own evaluations; None where only an algorithm from another package could tell."""
    own = experiment.evaluation.steps
    return peek(peek(experiment.algorithm, "inner"), "steps") if own is None else own
