"""The evaluations by which runs are compared: which one is used, whether they fit together, and notes on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from mlrun.analysis.comparison.grouping import as_text, benchmark_settings, differences
from mlrun.analysis.comparison.statistics import Scores
from mlrun.config import Experiment
from mlrun.errors import MlrunError
from mlrun.runs.evaluations import adapts_by_memory
from mlrun.runs.results import RunResults, data_by_step, evaluated_steps


class IncomparableError(MlrunError):
    """The runs were evaluated in different ways, or not at all."""

    exit_code = 2


@dataclass(frozen=True)
class EvaluatedRun:
    """A run and the evaluation that it is compared by.

    Attributes:
        results: the run.
        report: the evaluation.
        steps: the adaptation steps after which its tasks are scored.
    """

    results: RunResults
    report: dict[str, Any]
    steps: int

    @property
    def experiment(self) -> Experiment:
        """The experiment that the run is of."""
        return self.results.experiment

    @property
    def names(self) -> list[str]:
        """Names of the scores."""
        return list(self.report["per_task"][0]["by_step"][0])

    @property
    def other_best(self) -> int | None:
        """The iteration of the best checkpoint if another one was evaluated, else None."""
        best = self.results.best_checkpoint
        return None if best == self.report["checkpoint"] else best

    @property
    def has_memory(self) -> bool:
        """Whether it adapts by its memory."""
        return adapts_by_memory(self.report)

    @property
    def data_used(self) -> int:
        """The episodes or examples of each task that its scores are after."""
        return data_by_step(self.report, self.experiment.data_unit)[self.steps]

    def scores(self, name: str, step: int) -> Scores:
        """A score of every task after an adaptation step, ``(tasks,)``."""
        return np.array([task["by_step"][step][name] for task in self.report["per_task"]], dtype=np.float64)

    def protocol(self) -> dict[str, Any]:
        """How the run was evaluated. With a memory, "data_by_step" has the episodes before each step's scores."""
        unit = self.experiment.data_unit
        about = {key: self.report.get(key) for key in ("benchmark", "split", "tasks", "horizon", unit)}
        used = {"data_by_step": data_by_step(self.report, unit)[: self.steps + 1]} if self.has_memory else {}
        return {**about, **used, "steps": self.steps}


def evaluated(
    run: RunResults, split: str = "test", data_per_task: int | None = None, steps: int | None = None
) -> EvaluatedRun | None:
    """The run with the evaluation that `RunResults.evaluation` chooses, or None if there is none.

    Args:
        run: any run.
        split: "test" or "train".
        data_per_task: episodes or examples per task that were adapted to; None for any number.
        steps: adaptation steps after which to score; longer evaluations have these scores too. None for the last.
    """
    report = run.evaluation(split, data_per_task=data_per_task, steps=steps)
    return None if report is None else EvaluatedRun(run, report, evaluated_steps(report) if steps is None else steps)


def common_protocol(runs: Sequence[EvaluatedRun]) -> dict[str, Any]:
    """How all runs were evaluated.

    A learner with a memory adapts to an episode where others adapt to many. If there is one among the runs, they may
    differ in what they adapt to. Then the protocol does not say it, and "steps" is None.
    """
    first, *others = (run.protocol() for run in runs)
    if all(other == first for other in others) or not any(run.has_memory for run in runs):
        return first
    return {**{key: first[key] for key in ("benchmark", "split", "tasks", "horizon")}, "steps": None}


def require_comparable(runs: Sequence[EvaluatedRun], *, data_may_differ: bool = False) -> None:
    """Check that all runs have the same benchmark, protocol and tasks. Only their training may differ.

    Args:
        runs: the runs.
        data_may_differ: whether a learner with a memory among them may adapt to other data than the rest.

    Raises:
        IncomparableError: the benchmark, the protocol or the tasks differ.
    """
    benchmarks = [benchmark_settings(run.experiment) for run in runs]
    _require_same(runs, benchmarks, "these runs are of different benchmarks")
    protocols = [run.protocol() for run in runs]
    if data_may_differ and any(run.has_memory for run in runs):
        protocols = [{key: protocol[key] for key in ("split", "tasks", "horizon")} for protocol in protocols]
    _require_same(runs, protocols, "these runs were evaluated in different ways")
    tasks = [[task["parameters"] for task in run.report["per_task"]] for run in runs]
    if any(other != tasks[0] for other in tasks):
        different = next(run for run, other in zip(runs, tasks, strict=True) if other != tasks[0])
        ids = f"{runs[0].results.id} and {different.results.id}"
        raise IncomparableError(f"{ids} were evaluated on different tasks, though their benchmark sections agree")


def require_independent(group: Sequence[EvaluatedRun]) -> None:
    """Check that the runs of one experiment have different seeds. A repeated run adds no evidence.

    Args:
        group: the runs, sorted by seed.

    Raises:
        IncomparableError: two of them have the same seed.
    """
    for run, other in pairwise(group):
        seed = run.experiment.seed
        if other.experiment.seed == seed:
            both = f"{run.results.id} and {other.results.id}"
            raise IncomparableError(f"{both} are one experiment with one seed, {seed}; leave out one of them")


def unfinished_note(runs: Sequence[RunResults]) -> str:
    """A sentence that names the runs whose training is not finished; empty if all are finished."""
    parts = [
        f"{run.id} is {run.status} at iteration {run.iterations_done} of {run.experiment.training.iterations}"
        for run in runs
        if run.status != "finished"
    ]
    return f"{'; '.join(parts)}." if parts else ""


def other_best_note(runs: Sequence[RunResults]) -> str:
    """A sentence that names the runs that were evaluated at another checkpoint than their best; empty if none."""
    found = [run for run in map(evaluated, runs) if run is not None]
    parts = [
        f"{run.results.id} is shown at checkpoint {run.report['checkpoint']}, its best is {run.other_best}"
        for run in found
        if run.other_best is not None
    ]
    return f"{'; '.join(parts)}." if parts else ""


def not_evaluated_reason(run: RunResults) -> str | None:
    """Why a run has no scores on test tasks, or None if it has."""
    return None if run.evaluation() else f"it has no evaluation on test tasks; to make one: mlrun eval {run.path}"


def _require_same(runs: Sequence[EvaluatedRun], descriptions: Sequence[Mapping[str, Any]], complaint: str) -> None:
    first = descriptions[0]
    for run, description in zip(runs, descriptions, strict=True):
        if description != first:
            mine, other = differences([dict(first), dict(description)])
            key = next(iter(mine | other))
            values = (as_text(found.get(key)) for found in (mine, other))
            both = " and ".join(f"{value} in {of.results.id}" for value, of in zip(values, (runs[0], run), strict=True))
            raise IncomparableError(f"{complaint}: {key} is {both}")
