"""Checks before a run is continued or evaluated: its experiment is the same, and its checkpoint is complete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlrun.config import Experiment
from mlrun.errors import ChangedExperimentError, MlrunError
from mlrun.runs.layout import CONFIG
from mlrun.runs.manifest import read_record

WITHOUT_EFFECT = {
    *("name", "device", "tf32", "physics", "threads"),
    *("training.checkpoint_every", "training.keep_checkpoints"),
}
"""Keys that do not change what a run computes, except for rounding on another device or physics engine."""

_MAY_CHANGE = WITHOUT_EFFECT | {"training.iterations"}
"""Keys that do not change what later iterations compute."""

_PARTS: dict[str, tuple[type, ...]] = {
    "iteration": (int,),
    "elapsed": (float,),
    "best": (list, type(None)),
    "best_iteration": (int, type(None)),
    "experiment": (dict,),
    "algorithm": (dict,),
}
"""The parts of a checkpoint, each with its types."""


def require_same_experiment(saved: dict[str, Any], experiment: Experiment, *, but_for: str | None = None) -> None:
    """Check that the experiment of a run is the same as in its checkpoint.

    A key that did not exist when the checkpoint was saved counts as having had its default.

    Args:
        saved: the experiment in the checkpoint.
        experiment: the experiment in the run's config.yaml.
        but_for: a section that may differ.

    Raises:
        ChangedExperimentError: a key differs that decides what is computed.
    """
    _require_same(saved, experiment, CONFIG, but_for)


def require_recorded_experiment(run: Path, experiment: Experiment, *, but_for: str | None = None) -> None:
    """Check that the experiment of a run is the same as in its manifest.

    A key that did not exist when the manifest was written counts as having had its default. There is nothing to
    compare with if the manifest is damaged, or was written before manifests had the experiment.

    Args:
        run: its directory.
        experiment: the experiment in its config.yaml.
        but_for: a section that may differ.

    Raises:
        ChangedExperimentError: a key differs that decides what is computed.
    """
    try:
        recorded = read_record(run).experiment
    except MlrunError:
        return
    if recorded:
        _require_same(recorded, experiment, str(run / CONFIG), but_for)


def require_training_state(state: dict[str, Any]) -> None:
    """Check that a checkpoint has all parts of a run's state, each of its type.

    Raises:
        ValueError: a part is missing, or of another type.
    """
    for name, kinds in _PARTS.items():
        if name not in state:
            raise ValueError(f"no {name} in it")
        if type(state[name]) not in kinds:
            raise ValueError(f"{name} is a {type(state[name]).__name__}")
    if any(type(number) not in (int, float) for number in state["best"] or ()):
        raise ValueError("best is not a list of numbers")
    try:
        json.dumps(state["experiment"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"experiment: {error}") from error


def _require_same(saved: dict[str, Any], experiment: Experiment, config: str, but_for: str | None) -> None:
    before, now = (dict(leaves(values)) for values in (saved, experiment.model_dump(mode="json")))
    not_default = dict(leaves(experiment.model_dump(mode="json", exclude_defaults=True)))
    checked = (key for key in before | not_default if key not in _MAY_CHANGE and key.partition(".")[0] != but_for)
    changed = [
        f"{key} was {before.get(key, 'not set')} and is {now.get(key, 'another section')}"
        for key in checked
        if key not in before or before[key] != now.get(key) or any(other.startswith(f"{key}.") for other in now)
    ]
    if changed:
        raise ChangedExperimentError(
            f"{config} is not what this run was trained with: {'; '.join(changed)}; put it back, or start a new run "
            "with it"
        )


def leaves(section: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted keys of a section and of the sections in it, each with its value."""
    for key, value in section.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
