"""What the writer of an unknown key probably meant."""

from typing import Any

from pydantic import BaseModel

from mlrun.config.choice import field_model, peek, registered_model
from mlrun.config.document import KeyPath, dotted
from mlrun.config.schema import EXPERIMENTS, EpisodicExperiment, SupervisedExperiment, experiment_model
from mlrun.registry import closest_match

_OTHER_KIND = {
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


def inapplicable_keys(data: Any) -> dict[str, str]:
    """Return the sections that only experiments of another kind have, and for each why this one has not."""
    here = experiment_model(data)
    keys = {key for model in EXPERIMENTS.values() for key in model.model_fields if key not in here.model_fields}
    reason = f"does not apply to {peek(peek(data, 'benchmark'), 'name')}, {_OTHER_KIND[here]}"
    return dict.fromkeys(keys, reason)


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
