"""Runs that repeat one experiment with other seeds, and what to call them in a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlrun.analysis.comparison.grouping import as_text, group_runs, settings, telling_keys
from mlrun.runs.results import RunResults


@dataclass(frozen=True)
class Group:
    """The runs of one experiment.

    Attributes:
        label: what tells it from the other experiments of the figure.
        runs: one or more.
    """

    label: str
    runs: Sequence[RunResults]


def by_experiment(runs: Sequence[RunResults]) -> list[Group]:
    """Put together the runs that differ in nothing but the seed, in the order in which they are given."""
    groups = group_runs(runs)
    every = [settings(group[0].experiment) for group in groups]
    keys = telling_keys(every)
    return [Group(_label(own, keys), group) for own, group in zip(every, groups, strict=True)]


def sizes(groups: Sequence[Group]) -> str:
    """How many runs there are of each experiment, for example "3" or "1 to 3"."""
    fewest, most = (extreme(len(group.runs) for group in groups) for extreme in (min, max))
    return str(most) if fewest == most else f"{fewest} to {most}"


def _label(own: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The settings without the sections that they are in, as a figure has little room."""
    parts = []
    for key in (key for key in keys if key in own):
        word = key.rpartition(".")[2]
        parts.append(as_text(own[key]) if word == "name" else f"{word} {as_text(own[key])}")
    return ", ".join(parts)
