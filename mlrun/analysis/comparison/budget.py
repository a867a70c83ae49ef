"""What training has taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlrun.runs.metrics import is_number
from mlrun.runs.results import RunResults

_UNITS: Final = ("env_steps", "examples")


@dataclass(frozen=True)
class Budget:
    """What training a run has taken up to now.

    Attributes:
        unit: what was collected to learn from: "env_steps" or "examples"; None before the first iteration.
        samples: how many of them, without those of evaluations.
        seconds: of all its processes together, with evaluations on training tasks.
    """

    unit: str | None
    samples: float
    seconds: float


def budget(run: RunResults) -> Budget:
    """What training a run has taken, as far as its metrics tell: rows without a number there add nothing."""
    last = run.metrics[-1] if run.metrics else {}
    unit = next((unit for unit in _UNITS if unit in last), None)
    samples = sum(row[unit] for row in run.metrics if is_number(row.get(unit))) if unit else 0
    seconds = (row["time"] for row in reversed(run.metrics) if is_number(row.get("time")))
    return Budget(unit, samples, next(seconds, 0.0))


def mean_budget(runs: Sequence[RunResults]) -> Budget:
    """What training has taken per run."""
    budgets = [budget(run) for run in runs]
    return Budget(
        unit=next((one.unit for one in budgets if one.unit), None),
        samples=sum(one.samples for one in budgets) / len(budgets),
        seconds=sum(one.seconds for one in budgets) / len(budgets),
    )
