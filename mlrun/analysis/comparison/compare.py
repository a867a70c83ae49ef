"""Compares experiments by the evaluations of their runs, and says how to read the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mlrun.analysis.comparison.grouping import (
    Settings,
    as_text,
    differences,
    distinguishing_keys,
    group_runs,
    label,
    settings,
)
from mlrun.analysis.comparison.protocol import (
    EvaluatedRun,
    IncomparableError,
    common_protocol,
    require_comparable,
    require_independent,
)
from mlrun.analysis.comparison.statistics import (
    Estimate,
    Resampled,
    Scores,
    estimate,
    interquartile_mean,
    mean,
    probability_of_improvement,
)
from mlrun.runs.metrics import is_number
from mlrun.runs.results import RunResults
from mlrun.scores import SCORES
from mlrun.wording import aids_in_words

SAMPLE_UNITS: Final = {"env_steps": "environment steps", "examples": "examples"}
"""What training collects: by its key in the metrics, its name for readers."""

_RESAMPLED: Final = {
    "runs": "runs resampled within every task; nothing is said about other tasks",
    "both": "tasks resampled, and whole runs where there are several",
}


@dataclass(frozen=True)
class Budget:
    """What training has used.

    Attributes:
        unit: what was collected to learn from, a key of `SAMPLE_UNITS`; None before the first iteration.
        samples: how many of them, without those of evaluations.
        seconds: wall-clock time of all processes of a run together, including evaluations on training tasks.
    """

    unit: str | None
    samples: float
    seconds: float


@dataclass(frozen=True)
class Summary:
    """The scores of a group of runs after one adaptation step.

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
        label: settings that distinguish it from the other groups.
        differences: all its settings that are not the same in all groups.
        runs: sorted by seed.
        before: scores before adaptation.
        after: scores after adaptation.
        improvement: probability of improvement over the first group, after adaptation; None for the first group.
        budget: mean per run.
        adapted_to: episodes or examples of each task that the scores after adaptation are after.
    """

    label: str
    differences: Settings
    runs: Sequence[EvaluatedRun]
    before: Summary
    after: Summary
    improvement: Estimate | None
    budget: Budget
    adapted_to: int

    @property
    def aids(self) -> Sequence[str]:
        """In words, what training used besides the usual tasks and what a policy sees of them."""
        return self.runs[0].experiment.aids


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison of experiments.

    Attributes:
        protocol: how all runs were evaluated. Its "steps" are None if they differ in what they adapt to.
        score: name of the score that they are compared by.
        resampled: what the intervals are over.
        groups: one or more, in the order of their first runs.
        other_differences: keys of settings that all groups have and in which they differ, but that no label has.
        reference_scores: mean scores of reference policies, which are not trained, by their names.
    """

    protocol: dict[str, Any]
    score: str
    resampled: Resampled
    groups: list[Group]
    other_differences: list[str]
    reference_scores: dict[str, float]


def compare(runs: Sequence[EvaluatedRun], score: str | None = None, resampled: Resampled = "both") -> Comparison:
    """Compare experiments.

    Args:
        runs: one or more.
        score: to compare by; None for the first that the benchmark has.
        resampled: what the intervals are over.

    Raises:
        IncomparableError: the runs cannot be compared, they have no such score, or `resampled` is "runs" and an
            experiment has only one run.
    """
    require_comparable(runs, data_may_differ=True)
    score = _chosen_score(runs, score)
    groups = group_runs(runs)
    for group in groups:
        require_comparable(group)
        require_independent(group)
    every = [settings(group[0].experiment) for group in groups]
    different, in_labels = differences(every), distinguishing_keys(every)
    common = [key for key in different[0] if all(key in one for one in different)]
    references = runs[0].report["floors"]
    if resampled == "runs":
        _require_several(groups)
    before = [np.stack([run.scores(score, 0) for run in group]) for group in groups]
    after = [np.stack([run.scores(score, run.steps) for run in group]) for group in groups]
    return Comparison(
        protocol=common_protocol(runs),
        score=score,
        resampled=resampled,
        groups=[
            Group(
                label=label(every[index], in_labels),
                differences=different[index],
                runs=group,
                before=_summary(before[index], resampled),
                after=_summary(after[index], resampled),
                improvement=_improvement(after[index], after[0], score, resampled) if index else None,
                budget=_mean_budget(group),
                adapted_to=group[0].data_used,
            )
            for index, group in enumerate(groups)
        ],
        other_differences=[key for key in common if key not in in_labels],
        reference_scores={name: scores[score] for name, scores in references.items() if scores.get(score) is not None},
    )


def budget(run: RunResults) -> Budget:
    """What training a run has used. Rows of metrics without a number add nothing."""
    last = run.metrics[-1] if run.metrics else {}
    unit = next((unit for unit in SAMPLE_UNITS if unit in last), None)
    samples = sum(row[unit] for row in run.metrics if is_number(row.get(unit))) if unit else 0
    seconds = (row["time"] for row in reversed(run.metrics) if is_number(row.get("time")))
    return Budget(unit, samples, next(seconds, 0.0))


def explanations(comparison: Comparison, first: str) -> Iterator[str]:
    """How to read the numbers: an item of one or two sentences for each kind of number.

    Args:
        comparison: whose numbers are shown.
        first: the name under which the first experiment is shown.
    """
    groups = comparison.groups
    yield f"Intervals: 95% bootstrap, {_RESAMPLED[comparison.resampled]}."
    if SCORES[comparison.score].share:
        yield "IQM: the mean of the middle half; of tasks that count 0 or 1 it is 1 if more than three quarters are 1."
    if len(groups) > 1:
        yield (
            "Better than the first: probability that a run does better on a task, after adaptation, than one of"
            f" {first}; 0.5 if they are alike."
        )
    if any(run.has_memory for group in groups for run in group.runs):
        yield "A memory is empty before adaptation, and learns of the task in its first episode too."


def other_differences(comparison: Comparison) -> Iterator[str]:
    """A sentence for each setting that differs between the experiments but is in no label."""
    for key in comparison.other_differences:
        yield f"They also differ in {key}: {', '.join(as_text(group.differences[key]) for group in comparison.groups)}."


def aids(comparison: Comparison) -> Iterator[str]:
    """A sentence for each experiment whose training used more than the usual tasks and what a policy sees of them."""
    for group in comparison.groups:
        if group.aids:
            yield f"{group.label}: {aids_in_words(group.aids)}."


def samples_in_words(comparison: Comparison) -> str:
    """What the runs have collected to learn from, for the heading of a column."""
    units = (group.budget.unit for group in comparison.groups)
    return " or ".join(dict.fromkeys("samples" if unit is None else SAMPLE_UNITS[unit] for unit in units))


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


def _summary(scores: Scores, resampled: Resampled) -> Summary:
    return Summary(*estimate([interquartile_mean, mean], [scores], resampled))


def _improvement(scores: Scores, first: Scores, score: str, resampled: Resampled) -> Estimate:
    sign = -1 if SCORES[score].less_is_better else 1
    [improvement] = estimate([probability_of_improvement], [sign * scores, sign * first], resampled)
    return improvement


def _mean_budget(group: Sequence[EvaluatedRun]) -> Budget:
    budgets = [budget(run.results) for run in group]
    return Budget(
        unit=next((one.unit for one in budgets if one.unit), None),
        samples=sum(one.samples for one in budgets) / len(budgets),
        seconds=sum(one.seconds for one in budgets) / len(budgets),
    )
