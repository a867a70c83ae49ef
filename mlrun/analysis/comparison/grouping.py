"""Runs of the same experiment but for the seed, and how the experiments differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from mlrun.config import Experiment
from mlrun.runs.same_experiment import WITHOUT_EFFECT, leaves

Settings = dict[str, Any]

_NEVER_DIFFERENT: Final = WITHOUT_EFFECT | {"seed"}


class _Run(Protocol):
    @property
    def experiment(self) -> Experiment: ...


Run = TypeVar("Run", bound=_Run)


def settings(experiment: Experiment) -> Settings:
    """What decides how an experiment turns out, but for chance: its keys, dotted, without those that change nothing."""
    values = leaves(experiment.model_dump(mode="json"))
    return {key: value for key, value in values if key not in _NEVER_DIFFERENT}


def benchmark_settings(experiment: Experiment) -> Settings:
    """Those of them that say what the tasks are."""
    return {key: value for key, value in settings(experiment).items() if key.startswith("benchmark.")}


def group_runs(runs: Sequence[Run]) -> list[list[Run]]:
    """The runs of each experiment, by seed; experiments in the order in which they first occur."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(json.dumps(settings(run.experiment)), []).append(run)
    return [sorted(group, key=lambda run: run.experiment.seed) for group in groups.values()]


def differences(every: Sequence[Settings]) -> list[Settings]:
    """Of each experiment's settings, those that are not the same in all. A key that it does not have stays missing."""
    keys = dict.fromkeys(key for one in every for key in one)
    differing = [key for key in keys if len(_distinct(every, [key])) > 1]
    return [{key: one[key] for key in differing if key in one} for one in every]


def telling_keys(every: Sequence[Settings]) -> list[str]:
    """Keys that are enough to tell experiments apart: the algorithm and other names, then what else it takes."""
    differing = dict.fromkeys(key for one in differences(every) for key in one)
    telling: list[str] = []
    for key in sorted(differing, key=lambda key: not key.endswith(".name")):
        if len(_distinct(every, [*telling, key])) > len(_distinct(every, telling)):
            telling.append(key)
    return telling or ["algorithm.name"]


def label(one: Settings, keys: Sequence[str]) -> str:
    """An experiment in a few words: some of its settings, as `--set` takes them."""
    return " ".join(f"{key}={as_text(one[key])}" for key in keys if key in one)


def as_text(value: Any) -> str:
    """A value as `--set` takes it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _distinct(every: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> set[str]:
    return {json.dumps({key: one[key] for key in keys if key in one}) for one in every}
