"""What the writer of an unknown key probably meant."""

from typing import Any

from pydantic import BaseModel

from mlrun.config.document import KeyPath, dotted
from mlrun.config.schema import Experiment, chosen_model
from mlrun.registry import closest_match


def valid_keys(data: Any) -> dict[KeyPath, str]:
    """Return every key that `data` may have, with its description.

    Args:
        data: The configuration as read. Where it names no known benchmark or algorithm, that section has no keys.
    """
    keys: dict[KeyPath, str] = {}
    _collect(Experiment, (), data, keys)
    return keys


def _collect(model: type[BaseModel], path: KeyPath, data: Any, keys: dict[KeyPath, str]) -> None:
    for name, field in model.model_fields.items():
        inner = (*path, name)
        keys[inner] = field.description or ""
        section: Any = field.annotation
        if inner in (("benchmark",), ("algorithm",)):
            section = chosen_model(name, data.get(name))
        if isinstance(section, type) and issubclass(section, BaseModel):
            _collect(section, inner, data, keys)


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
