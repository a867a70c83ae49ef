"""How runs were evaluated, and whether that is the same for all of them, which a comparison needs."""

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
from mlrun.runs.results import RunResults, evaluated_steps


class IncomparableError(MlrunError):
    """Runs that were not evaluated in the same way, or not at all."""

    exit_code = 2


@dataclass(frozen=True)
class EvaluatedRun:
    """A run with the one evaluation that it is compared by.

    Attributes:
        results: the run.
        report: the evaluation.
        steps: adaptation steps that its tasks are scored after.
    """

    results: RunResults
    report: dict[str, Any]
    steps: int

    @property
    def experiment(self) -> Experiment:
        """What the run was made with."""
        return self.results.experiment

    @property
    def names(self) -> list[str]:
        """Names of the scores."""
        return list(self.report["per_task"][0]["by_step"][0])

    def scores(self, name: str, step: int) -> Scores:
        """A score of every task after an adaptation step, ``(tasks,)``."""
        return np.array([task["by_step"][step][name] for task in self.report["per_task"]], dtype=np.float64)

    def protocol(self) -> dict[str, Any]:
        """How it was evaluated."""
        keys = ("benchmark", "split", "tasks", "horizon", self.experiment.data_unit)
        return {**{key: self.report.get(key) for key in keys}, "steps": self.steps}


def evaluated(run: RunResults, split: str, data_per_task: int | None, steps: int | None) -> EvaluatedRun | None:
    """A run with the evaluation that is asked for, by default its own protocol's, or None if there is none.

    Args:
        run: any run.
        split: "test" or "train".
        data_per_task: episodes or examples adapted to.
        steps: to be scored after; a longer evaluation has these scores too.
    """
    report = run.evaluation(split, data_per_task=data_per_task, steps=steps)
    return None if report is None else EvaluatedRun(run, report, evaluated_steps(report) if steps is None else steps)


def require_comparable(runs: Sequence[EvaluatedRun]) -> None:
    """Check that what differs between runs is how they were trained, and nothing else.

    Raises:
        IncomparableError: another benchmark, another protocol, or the same training twice.
    """
    benchmarks = [benchmark_settings(run.experiment) for run in runs]
    _require_same(runs, benchmarks, "these runs are of different benchmarks")
    _require_same(runs, [run.protocol() for run in runs], "these runs were evaluated in different ways")
    tasks = [[task["parameters"] for task in run.report["per_task"]] for run in runs]
    if any(other != tasks[0] for other in tasks):
        different = next(run for run, other in zip(runs, tasks, strict=True) if other != tasks[0])
        ids = f"{runs[0].results.id} and {different.results.id}"
        raise IncomparableError(f"{ids} were evaluated on different tasks, though their benchmark sections agree")


def require_independent(group: Sequence[EvaluatedRun]) -> None:
    """Check that the runs of one experiment have different seeds: a repetition is no further evidence.

    Args:
        group: the runs, by seed.

    Raises:
        IncomparableError: two of them have the same.
    """
    for run, other in pairwise(group):
        seed = run.experiment.seed
        if other.experiment.seed == seed:
            both = f"{run.results.id} and {other.results.id}"
            raise IncomparableError(f"{both} are one experiment with one seed, {seed}; leave out one of them")


def _require_same(runs: Sequence[EvaluatedRun], descriptions: Sequence[Mapping[str, Any]], complaint: str) -> None:
    first = descriptions[0]
    for run, description in zip(runs, descriptions, strict=True):
        if description != first:
            mine, other = differences([dict(first), dict(description)])
            key = next(iter(mine | other))
            values = (as_text(found.get(key)) for found in (mine, other))
            both = " and ".join(f"{value} in {of.results.id}" for value, of in zip(values, (runs[0], run), strict=True))
            raise IncomparableError(f"{complaint}: {key} is {both}")
