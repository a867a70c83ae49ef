"""Scores of several runs on the same tasks in a few numbers, each with a bootstrap interval (Agarwal et al. 2021).

Scores are arrays ``(..., runs, tasks)``, where the leading dimensions are resamples.
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
_AT_ONCE: Final = 2**22  # numbers in memory


@dataclass(frozen=True)
class Estimate:
    """A number and its 95% interval.

    Attributes:
        value: of the scores as they are.
        low: 2.5th percentile over resamples.
        high: 97.5th percentile.
    """

    value: float
    low: float
    high: float


def mean(scores: Scores) -> Scores:
    """The mean over runs and tasks."""
    return scores.mean((-2, -1))


def interquartile_mean(scores: Scores) -> Scores:
    """The mean of the middle half of all scores, of whichever run and task: a quarter of them is cut at each end.

    Where a quarter is no whole number it is rounded down. Among scores that are only 0 or 1 it says no more than the
    mean, of which it is a function: 0 up to a quarter, 1 from three quarters on, and straight in between.
    """
    pooled = scores.reshape(*scores.shape[:-2], -1)
    size = pooled.shape[-1]
    cut = size // 4
    return np.partition(pooled, (cut, size - cut - 1), axis=-1)[..., cut : size - cut].mean(-1)


def probability_of_improvement(scores: Scores, others: Scores) -> Scores:
    """How likely a run scores higher on a task than one of the others, on average over tasks.

    For each task it is the share of the pairs of runs in which it is so, ties counting half: Mann and Whitney's U over
    the number of pairs.

    Args:
        scores: ``(..., runs, tasks)``.
        others: ``(..., other runs, tasks)``.
    """
    # One run after the other: all pairs at once take as many times the memory as there are runs.
    each = (scores[..., run, None, :] for run in range(scores.shape[-2]))
    shares = [(np.greater(one, others) + 0.5 * np.equal(one, others)).mean((-2, -1)) for one in each]
    return np.mean(shares, axis=0)


def estimate(statistics: Sequence[Statistic], groups: Sequence[Scores], resampled: Resampled) -> list[Estimate]:
    """Statistics of groups of runs with their percentile-bootstrap intervals.

    With ``"runs"``, the bootstrap is stratified as by Agarwal et al. (2021): the strata are the tasks, which stay as
    they are; within each task and group as many runs as there are get drawn with replacement, anew for every task.
    The claim is about these very tasks, and takes the scores of one run on different tasks as independent: where a run
    is better or worse on all of them alike, as one policy for all of them can be, intervals are too narrow.

    With ``"both"``, in each group as many whole runs as there are get drawn with replacement, and as many tasks as
    there are, the same for all groups (Owen 2007). The claim is about other tasks of this kind as well. A group of one
    run can only say how tasks differ.

    In simulations of 3 to 10 runs on 50 tasks, intervals over ``"runs"`` held the mean over these tasks in 52 to 93% of
    cases, the least where seeds matter most, and that over new tasks in 39 to 58%; those over ``"both"`` held the
    latter in 93 to 97%.

    The same scores always give the same intervals.

    Args:
        statistics: each a function of all groups.
        groups: scores ``(runs, tasks)`` of each group, on the same tasks.
        resampled: what is drawn.
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
    """All resamples, as many at a time as fit into the memory granted: each ``(resamples, runs, tasks)``."""
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
