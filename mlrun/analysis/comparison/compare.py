"""The comparison of experiments by the evaluations of their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlrun.analysis.comparison.budget import Budget, mean_budget
from mlrun.analysis.comparison.grouping import Settings, differences, group_runs, label, settings, telling_keys
from mlrun.analysis.comparison.protocol import EvaluatedRun, IncomparableError, require_comparable, require_independent
from mlrun.analysis.comparison.statistics import (
    Estimate,
    Resampled,
    Scores,
    estimate,
    interquartile_mean,
    mean,
    probability_of_improvement,
)
from mlrun.scores import SCORES


@dataclass(frozen=True)
class Summary:
    """The scores of a group of runs after some adaptation step.

    Attributes:
        interquartile_mean: over runs and tasks.
        mean: over runs and tasks.
    """

    interquartile_mean: Estimate
    mean: Estimate


@dataclass(frozen=True)
class Group:
    """The runs of one experiment.

    Attributes:
        label: what tells it from the other groups.
        differences: all settings in which the groups are not the same.
        runs: by seed.
        before: scores before adaptation.
        after: scores after it.
        improvement: probability of improvement over the first group after adaptation; None for that group itself.
        budget: per run.
    """

    label: str
    differences: Settings
    runs: Sequence[EvaluatedRun]
    before: Summary
    after: Summary
    improvement: Estimate | None
    budget: Budget


@dataclass(frozen=True)
class Comparison:
    """Experiments beside each other.

    Attributes:
        protocol: how all runs were evaluated.
        score: what they are compared by.
        resampled: what the intervals are over.
        groups: one or more, in the order of their first runs.
        untold: settings that all groups have and in which they differ, but that are not in their labels.
        floors: the mean score of what does not adapt, by its name.
    """

    protocol: dict[str, Any]
    score: str
    resampled: Resampled
    groups: list[Group]
    untold: list[str]
    floors: dict[str, float]


def compare(runs: Sequence[EvaluatedRun], score: str | None = None, resampled: Resampled = "both") -> Comparison:
    """Compare experiments.

    Args:
        runs: one or more.
        score: to compare by; None for the first that the benchmark has.
        resampled: what intervals are over.

    Raises:
        IncomparableError: the runs cannot be compared, or have no such score, or an experiment has a single run and
            intervals should be over runs alone.
    """
    require_comparable(runs)
    score = _chosen_score(runs, score)
    groups = group_runs(runs)
    for group in groups:
        require_independent(group)
    every = [settings(group[0].experiment) for group in groups]
    different, telling = differences(every), telling_keys(every)
    protocol, floors = runs[0].protocol(), runs[0].report["floors"]
    if resampled == "runs":
        _require_several(groups)
    before, after = ([_scores(group, score, step) for group in groups] for step in (0, protocol["steps"]))
    return Comparison(
        protocol=protocol,
        score=score,
        resampled=resampled,
        groups=[
            Group(
                label=label(every[index], telling),
                differences=different[index],
                runs=group,
                before=_summary(before[index], resampled),
                after=_summary(after[index], resampled),
                improvement=_improvement(after[index], after[0], score, resampled) if index else None,
                budget=mean_budget([run.results for run in group]),
            )
            for index, group in enumerate(groups)
        ],
        untold=[key for key in different[0] if key not in telling and all(key in one for one in different)],
        floors={name: floor[score] for name, floor in floors.items() if floor.get(score) is not None},
    )


def _require_several(groups: Sequence[Sequence[EvaluatedRun]]) -> None:
    alone = [group[0].results.id for group in groups if len(group) == 1]
    if alone:
        raise IncomparableError(
            f"intervals over runs need several seeds of each experiment; {alone[0]} is the only one"
        )


def _chosen_score(runs: Sequence[EvaluatedRun], wanted: str | None) -> str:
    choices = [name for name in SCORES if all(name in run.names for run in runs)]
    if wanted not in (None, *choices) or not choices:
        what = "no score in common" if wanted is None else f"no score {wanted!r}"
        raise IncomparableError(f"these evaluations have {what}; there are: {', '.join(choices) or 'none'}")
    return wanted or choices[0]


def _scores(group: Sequence[EvaluatedRun], score: str, step: int) -> Scores:
    return np.stack([run.scores(score, step) for run in group])


def _summary(scores: Scores, resampled: Resampled) -> Summary:
    return Summary(*estimate([interquartile_mean, mean], [scores], resampled))


def _improvement(scores: Scores, first: Scores, score: str, resampled: Resampled) -> Estimate:
    sign = -1 if SCORES[score].less_is_better else 1
    [improvement] = estimate([probability_of_improvement], [sign * scores, sign * first], resampled)
    return improvement
