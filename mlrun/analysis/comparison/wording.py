"""What a reader must know of a comparison, in words."""

from collections.abc import Iterator
from typing import Final

from mlrun.analysis.comparison.compare import Comparison
from mlrun.analysis.comparison.grouping import as_text
from mlrun.scores import SCORES

_RESAMPLED: Final = {
    "runs": "runs resampled within every task; nothing is said about other tasks",
    "both": "tasks resampled, and whole runs where there are several",
}
_UNITS: Final = {"env_steps": "environment steps", "examples": "examples", None: "samples"}


def explanations(comparison: Comparison, first: str) -> Iterator[str]:
    """How to read the numbers, a sentence or two each.

    Args:
        comparison: whose numbers are shown.
        first: what the first experiment is called beside them.
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


def untold(comparison: Comparison) -> Iterator[str]:
    """The settings that the names of experiments leave out, though they are not the same in all."""
    for key in comparison.untold:
        yield f"They also differ in {key}: {', '.join(as_text(group.differences[key]) for group in comparison.groups)}."


def samples_in_words(comparison: Comparison) -> str:
    """What the runs have collected to learn from."""
    return " or ".join(dict.fromkeys(_UNITS[group.budget.unit] for group in comparison.groups))
