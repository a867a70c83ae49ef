"""What the writer of an unknown key probably meant."""

from typing import Any

from pydantic import BaseModel

from mlrun.config.choice import field_model, peek
from mlrun.config.reading.document import KeyPath, dotted
from mlrun.config.registries import registered_model
from mlrun.config.schema import EXPERIMENTS, EpisodicExperiment, SupervisedExperiment, experiment_model
from mlrun.registry import closest_match

_KIND = {
    EpisodicExperiment: "whose tasks are episodes to act in",
    SupervisedExperiment: "whose tasks are examples to fit",
}


def valid_keys(data: Any) -> dict[KeyPath, str]:
    """Return every key that `data` may have, with its description.

    Args:
        data: The configuration as read. Where it names no known benchmark or algorithm, that section has no keys.
    """
    keys: dict[KeyPath, str] = {}
    _collect(experiment_model(data), (), data, keys)
    return keys


def undecided_keys(data: Any) -> set[str]:
    """Return the sections that an experiment may or may not have, depending on a benchmark that is not known yet."""
    if registered_model("benchmark", peek(data, "benchmark")) is not None:
        return set()
    return {key for model in EXPERIMENTS.values() for key in model.model_fields}


def inapplicable_keys(data: Any) -> dict[KeyPath, str]:
    """Return the keys that only experiments of another kind have, and for each why this one has not."""
    here = experiment_model(data)
    elsewhere: dict[KeyPath, str] = {}
    for model in EXPERIMENTS.values():
        _collect(model, (), data, elsewhere)
    reason = f"does not apply to {peek(peek(data, 'benchmark'), 'name')}, {_KIND[here]}"
    return dict.fromkeys(elsewhere.keys() - valid_keys(data).keys(), reason)


def _collect(model: type[BaseModel], path: KeyPath, data: Any, keys: dict[KeyPath, str]) -> None:
    for name, field in model.model_fields.items():
        inner = (*path, name)
        keys[inner] = field.description or ""
        value = peek(data, name)
        registered = inner in (("benchmark",), ("algorithm",))
        section = registered_model(name, value) if registered else field_model(field, value)
        if section is not None:
            _collect(section, inner, value, keys)


def probable_keys(path: KeyPath, keys: dict[KeyPath, str]) -> list[KeyPath]:
    """Return which of the valid `keys` the unknown key at `path` may have been meant to be."""
    section, key = path[:-1], str(path[-1])
    if key == "name":  # which is no misspelling of another section's
        return []
    if elsewhere := [valid for valid in keys if key in (valid[-1], dotted(valid))]:
        return elsewhere
    for candidates in ([valid for valid in keys if valid[:-1] == section], list(keys)):
        if near := closest_match(key, (str(valid[-1]) for valid in candidates)):
            return [valid for valid in candidates if valid[-1] == near]
    return []


def suggestion(path: KeyPath, keys: dict[KeyPath, str]) -> str:
    """Return in words what to write instead of the unknown key at `path`, given the valid `keys`."""
    section, key = path[:-1], str(path[-1])
    probable = probable_keys(path, keys)
    if "." in key and key in map(dotted, probable):
        return "write nested keys on lines of their own, each indented under its section"
    if not probable:
        return "valid here: " + ", ".join(str(valid[-1]) for valid in keys if valid[:-1] == section)
    names = (str(valid[-1]) if valid[:-1] == section else dotted(valid) for valid in probable)
    return f"did you mean {' or '.join(map(repr, names))}?"
