"""Groups runs by experiment: runs that differ only in the seed are one group. Also says how experiments differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from mlrun.config import Experiment
from mlrun.runs.results import RunResults
from mlrun.runs.same_experiment import WITHOUT_EFFECT, leaves

Settings = dict[str, Any]

_NEVER_DIFFERENT: Final = WITHOUT_EFFECT | {"seed"}


class _Run(Protocol):
    @property
    def experiment(self) -> Experiment: ...


Run = TypeVar("Run", bound=_Run)


@dataclass(frozen=True)
class LabelledRuns:
    """The runs of one experiment, with a name for figures and reports.

    Attributes:
        label: settings that distinguish it from the other experiments shown.
        runs: one or more.
    """

    label: str
    runs: Sequence[RunResults]


def settings(experiment: Experiment) -> Settings:
    """The dotted keys and values that decide the result of an experiment, without the seed."""
    values = leaves(experiment.model_dump(mode="json"))
    return {key: value for key, value in values if key not in _NEVER_DIFFERENT}


def benchmark_settings(experiment: Experiment) -> Settings:
    """The settings that define the tasks of evaluations. What training draws from them can differ."""
    own = {key: value for key, value in settings(experiment).items() if key.startswith("benchmark.")}
    return {key: value for key, value in own.items() if key != "benchmark.recombine"}


def group_runs(runs: Sequence[Run]) -> list[list[Run]]:
    """Group runs by experiment.

    Runs are sorted by seed within a group. Groups are in the order in which their first runs are given.
    """
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(json.dumps(settings(run.experiment)), []).append(run)
    return [sorted(group, key=lambda run: run.experiment.seed) for group in groups.values()]


def label_groups(runs: Sequence[RunResults]) -> list[LabelledRuns]:
    """Group runs by experiment, as `group_runs` does, and give each group a short label."""
    groups = group_runs(runs)
    every = [settings(group[0].experiment) for group in groups]
    keys = distinguishing_keys(every)
    return [LabelledRuns(_short_label(own, keys), group) for own, group in zip(every, groups, strict=True)]


def runs_each(groups: Sequence[LabelledRuns]) -> str:
    """How many runs each experiment has, for example "3" or "1 to 3"."""
    fewest, most = (extreme(len(group.runs) for group in groups) for extreme in (min, max))
    return str(most) if fewest == most else f"{fewest} to {most}"


def differences(every: Sequence[Settings]) -> list[Settings]:
    """For each experiment, the settings that are not the same in all. Keys that an experiment lacks stay missing."""
    keys = dict.fromkeys(key for one in every for key in one)
    differing = [key for key in keys if len(_distinct(every, [key])) > 1]
    return [{key: one[key] for key in differing if key in one} for one in every]


def distinguishing_keys(every: Sequence[Settings]) -> list[str]:
    """Few keys that are enough to tell the experiments apart. The algorithm and other names come first."""
    differing = dict.fromkeys(key for one in differences(every) for key in one)
    chosen: list[str] = []
    for key in sorted(differing, key=lambda key: not key.endswith(".name")):
        if len(_distinct(every, [*chosen, key])) > len(_distinct(every, chosen)):
            chosen.append(key)
    return chosen or ["algorithm.name"]


def label(one: Settings, keys: Sequence[str]) -> str:
    """A label made of some settings, as `--set` takes them: ``algorithm.name=maml``."""
    return " ".join(f"{key}={as_text(one[key])}" for key in keys if key in one)


def as_text(value: Any) -> str:
    """A value as `--set` takes it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _short_label(one: Settings, keys: Sequence[str]) -> str:
    """A label without the sections of the keys, because figures have little room: ``maml, learning_rate 0.1``."""
    parts = []
    for key in (key for key in keys if key in one):
        word = key.rpartition(".")[2]
        parts.append(as_text(one[key]) if word == "name" else f"{word} {as_text(one[key])}")
    return ", ".join(parts)


def _distinct(every: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> set[str]:
    return {json.dumps({key: one[key] for key in keys if key in one}) for one in every}
