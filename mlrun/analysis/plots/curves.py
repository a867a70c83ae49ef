"""Numbers of metrics.jsonl along training, averaged over the runs of one experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np

from mlrun.runs.metrics import is_number
from mlrun.runs.results import RunResults

_MOST_POINTS: Final = 120  # of a curve; a column has no room for more


@dataclass(frozen=True)
class Curve:
    """A number along training.

    Attributes:
        x: where each point is, in what the curve is drawn along, ``(points,)``.
        mean: over the runs, ``(points,)``.
        low: the lowest of the runs, ``(points,)``.
        high: the highest of the runs, ``(points,)``.
    """

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def end(self) -> tuple[float, float]:
        """The last point."""
        return float(self.x[-1]), float(self.mean[-1])


def curve(runs: Sequence[RunResults], key: str, unit: str | None) -> Curve | None:
    """How a number developed over the iterations that all runs have, in at most 120 points; None if there is none.

    Of more iterations, stretches of equal length are averaged within each run.

    Args:
        runs: of one experiment.
        key: of the number in the metrics.
        unit: name in the metrics of what to draw along, summed over the iterations; None for the iterations themselves.
    """
    values = [{row["iteration"]: row[key] for row in run.metrics if is_number(row.get(key))} for run in runs]
    common = sorted(set.intersection(*(set(one) for one in values)))
    if not common:
        return None
    taken = _taken(runs[0], unit)
    table = np.array([[taken[i] for i in common], *([one[i] for i in common] for one in values)])
    if len(common) > _MOST_POINTS:
        parts = np.array_split(table, _MOST_POINTS, axis=1)
        table = np.stack([part.mean(axis=1) for part in parts], axis=1)
    by_run = table[1:]
    return Curve(table[0], by_run.mean(axis=0), by_run.min(axis=0), by_run.max(axis=0))


def _taken(run: RunResults, unit: str | None) -> dict[int, float]:
    """By iteration, what has been taken up to its end."""
    iterations = [row["iteration"] for row in run.metrics]
    if unit is None:
        return dict(zip(iterations, iterations, strict=True))
    totals = accumulate(row[unit] if is_number(row.get(unit)) else 0 for row in run.metrics)
    return dict(zip(iterations, totals, strict=True))
