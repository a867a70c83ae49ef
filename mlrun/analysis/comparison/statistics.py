"""Statistics of scores, each with a bootstrap interval (Agarwal et al. 2021).

Scores are arrays ``(..., runs, tasks)`` of several runs on the same tasks. Leading dimensions are resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Statistic = Callable[..., Scores]
Resampled = Literal["runs", "both"]

_RESAMPLES: Final = 10_000
_AT_ONCE: Final = 2**22  # the most scores in memory


@dataclass(frozen=True)
class Estimate:
    """A number and its 95% interval.

    Attributes:
        value: the statistic of the scores themselves.
        low: 2.5th percentile over resamples.
        high: 97.5th percentile over resamples.
    """

    value: float
    low: float
    high: float


def mean(scores: Scores) -> Scores:
    """The mean over runs and tasks."""
    return scores.mean((-2, -1))


def interquartile_mean(scores: Scores) -> Scores:
    """The mean of the middle half of all scores. Runs and tasks are pooled, and a quarter is cut at each end.

    The quarter is rounded down to a whole number. If all scores are 0 or 1, this is a function of the mean and says no
    more than the mean: it is 0 for means up to 1/4, 1 for means from 3/4 on, and linear in between.
    """
    pooled = scores.reshape(*scores.shape[:-2], -1)
    size = pooled.shape[-1]
    cut = size // 4
    return np.partition(pooled, (cut, size - cut - 1), axis=-1)[..., cut : size - cut].mean(-1)


def probability_of_improvement(scores: Scores, others: Scores) -> Scores:
    """The probability that a run scores higher on a task than one of the other runs, averaged over tasks.

    For each task it is the share of pairs of runs in which the first scores higher. Ties count half. This is the
    Mann-Whitney U statistic divided by the number of pairs.

    Args:
        scores: ``(..., runs, tasks)``.
        others: ``(..., other runs, tasks)``.
    """
    # One run at a time: all pairs at once would multiply the memory by the number of runs.
    each = (scores[..., run, None, :] for run in range(scores.shape[-2]))
    shares = [(np.greater(one, others) + 0.5 * np.equal(one, others)).mean((-2, -1)) for one in each]
    return np.mean(shares, axis=0)


def estimate(statistics: Sequence[Statistic], groups: Sequence[Scores], resampled: Resampled) -> list[Estimate]:
    """Compute statistics of groups of runs and their percentile-bootstrap intervals.

    The same scores always give the same intervals.

    With ``"runs"``, the bootstrap is stratified by task as in Agarwal et al. (2021). Tasks are kept. Within each task
    and group, runs are drawn with replacement, independently for every task. The interval is a claim about these tasks
    only. It treats the scores of one run on different tasks as independent. If a run is better or worse on all tasks
    alike, which is likely for one policy, the interval is too narrow.

    With ``"both"``, whole runs are drawn with replacement in each group, and tasks are drawn with replacement, the same
    ones for all groups (Owen 2007). The interval is a claim about other tasks of this kind too. For a group of one run
    it shows only how tasks differ.

    In simulations of 3 to 10 runs on 50 tasks, intervals over ``"runs"`` contained the mean over these tasks in 52 to
    93% of cases (least where seeds matter most), and the mean over new tasks in 39 to 58%. Intervals over ``"both"``
    contained the mean over new tasks in 93 to 97%.

    Args:
        statistics: functions of all groups.
        groups: scores ``(runs, tasks)`` of each group, on the same tasks.
        resampled: what is drawn.

    Returns:
        An estimate for each statistic.
    """
    generator = np.random.Generator(np.random.PCG64(0))
    draws = [
        np.stack([statistic(*resample) for statistic in statistics])
        for resample in _resamples(groups, resampled, generator)
    ]
    lows, highs = np.percentile(np.concatenate(draws, axis=-1), [2.5, 97.5], axis=-1)
    return [
        Estimate(float(statistic(*groups)), float(low), float(high))
        for statistic, low, high in zip(statistics, lows, highs, strict=True)
    ]


def _resamples(
    groups: Sequence[Scores], resampled: Resampled, generator: np.random.Generator
) -> Iterator[list[Scores]]:
    """All resamples, in batches that fit into memory: scores ``(resamples, runs, tasks)`` of each group."""
    at_once = max(1, _AT_ONCE // sum(scores.size for scores in groups))
    draw = _draw_within_tasks if resampled == "runs" else _draw_runs_and_tasks
    for start in range(0, _RESAMPLES, at_once):
        yield draw(groups, min(at_once, _RESAMPLES - start), generator)


def _draw_within_tasks(groups: Sequence[Scores], count: int, generator: np.random.Generator) -> list[Scores]:
    drawn = []
    for scores in groups:
        runs = generator.integers(len(scores), size=(count, *scores.shape))
        drawn.append(np.take_along_axis(scores[None], runs, axis=1))
    return drawn


def _draw_runs_and_tasks(groups: Sequence[Scores], count: int, generator: np.random.Generator) -> list[Scores]:
    size = groups[0].shape[1]
    tasks = generator.integers(size, size=(count, 1, size))
    return [scores[generator.integers(len(scores), size=(count, len(scores), 1)), tasks] for scores in groups]
