"""The results of runs, for comparing, plotting and reporting them. They are read from files only, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlrun.config import ConfigError, Experiment, read_experiment
from mlrun.errors import MlrunError
from mlrun.runs.directory import find_run
from mlrun.runs.evaluations import read_reports
from mlrun.runs.layout import CONFIG, METRICS, linked_checkpoint
from mlrun.runs.listing import summarise
from mlrun.runs.metrics import MetricsLog, Row
from mlrun.runs.same_experiment import require_recorded_experiment


@dataclass(frozen=True)
class RunResults:
    """The results of one run. It may be unfinished.

    Attributes:
        path: its directory.
        id: name of the directory.
        status: the status that `mlrun.runs.listing.summarise` gives.
        experiment: the experiment that it was made with.
        metrics: rows of metrics.jsonl, the oldest first. There may be none.
        evaluations: reports in eval/ as `evaluate_run` wrote them, the newest first. There may be none.
    """

    path: Path
    id: str
    status: str
    experiment: Experiment
    metrics: list[Row]
    evaluations: list[dict[str, Any]]

    @property
    def iterations_done(self) -> int:
        """Meta-iterations in the metrics."""
        return self.metrics[-1]["iteration"] if self.metrics else 0

    @property
    def best_checkpoint(self) -> int | None:
        """The iteration of the best checkpoint, or None if no evaluation has chosen one."""
        return linked_checkpoint(self.path, "best")

    def evaluation(
        self, split: str = "test", *, data_per_task: int | None = None, steps: int | None = None
    ) -> dict[str, Any] | None:
        """The evaluation that stands for the run on a split, or None if there is none.

        It prefers evaluations by the experiment's own protocol, then those of the best checkpoint, then the newest.

        Args:
            split: "test" or "train".
            data_per_task: the number of episodes or examples that were adapted to. None is any number.
            steps: the least number of adaptation steps that were evaluated. None is any number.
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
    """The number of adaptation steps of an evaluation."""
    return len(report["by_step"]) - 1


def data_by_step(report: Mapping[str, Any], unit: str) -> list[int]:
    """The episodes or examples of each task that were adapted to before each step's scores, from 0.

    Args:
        report: may be old, and say only how many there are per step.
        unit: "episodes" or "shots".
    """
    if report.get("data_by_step"):
        return report["data_by_step"]
    amount, steps = report.get(unit) or 0, range(len(report["by_step"]))
    return [amount * (step if unit == "episodes" else min(step, 1)) for step in steps]  # examples serve all steps


def read_results(run: str | Path, runs_dir: Path) -> RunResults:
    """Read the results of a run. It may be in training: this waits for nothing and changes nothing.

    Args:
        run: its path, or its id under `runs_dir`.
        runs_dir: where run directories are.

    Raises:
        RunNotFoundError: there is no such run.
        ChangedExperimentError: its config.yaml was changed in a key that decides what is computed.
        MlrunError: one of its files is damaged. The message names it, in one line.
    """
    path = find_run(str(run), runs_dir)
    summary = summarise(path)
    experiment = _experiment(path)
    require_recorded_experiment(path, experiment, but_for="evaluation")
    return RunResults(path, summary.id, summary.status, experiment, _metrics(path), read_reports(path))


def read_all_results(runs: Sequence[str | Path], runs_dir: Path) -> list[RunResults]:
    """Read the results of several runs. A run that is named twice is read once.

    Raises:
        RunNotFoundError: there is no such run.
        MlrunError: some are damaged, or their config.yaml was changed. The message has a line for each of them.
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
    """Adaptation steps of its own evaluations. None if only the code of another package's algorithm knows them."""
    own = experiment.evaluation.steps
    return experiment.algorithm.adaptation_steps if own is None else own
