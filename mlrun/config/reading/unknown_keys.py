"""What to say about keys that are not valid where they are written.

Such a key may belong to another algorithm, or to experiments of another kind, or be misspelt or misplaced.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from mlrun.config.reading.document import Document, KeyPath, dotted
from mlrun.config.registries import registered_model, registry_of
from mlrun.config.schema import EXPERIMENTS, EpisodicExperiment, SupervisedExperiment, experiment_model
from mlrun.config.section import field_model, field_models, models_by_name, peek
from mlrun.registry import closest_match
from mlrun.wording import listed

_KIND = {
    EpisodicExperiment: "whose tasks are episodes to act in",
    SupervisedExperiment: "whose tasks are examples to fit",
}


def valid_keys(data: Any) -> dict[KeyPath, str]:
    """Return every key that a configuration may have, with its description.

    Args:
        data: The configuration as read. A benchmark or algorithm section with an unknown name has no keys.
    """
    keys: dict[KeyPath, str] = {}
    _collect(experiment_model(data), (), data, keys)
    return keys


def undecided_keys(data: Any) -> set[str]:
    """Return the sections whose validity depends on the benchmark, while that is unknown; else nothing."""
    if registered_model("benchmark", peek(data, "benchmark")) is not None:
        return set()
    return {key for model in EXPERIMENTS.values() for key in model.model_fields}


def inapplicable_keys(data: Any) -> dict[KeyPath, str]:
    """Return the keys that only experiments of the other kind have, each with the reason why it does not apply."""
    here = experiment_model(data)
    elsewhere: dict[KeyPath, str] = {}
    for model in EXPERIMENTS.values():
        _collect(model, (), data, elsewhere)
    reason = f"does not apply to {peek(peek(data, 'benchmark'), 'name')}, {_KIND[here]}"
    return dict.fromkeys(elsewhere.keys() - valid_keys(data).keys(), reason)


def note_keys_of_other_algorithms(document: Document, unknown: Iterable[KeyPath]) -> set[KeyPath]:
    """Add a mistake for keys of another algorithm, outer rule or benchmark, and return these keys.

    Keys of the same section that belong to the same others share one mistake.

    Args:
        document: The configuration as read.
        unknown: Its keys that are not valid where they are.
    """
    groups: dict[tuple[KeyPath, int, str], list[KeyPath]] = {}
    for path in unknown:
        if where := _where_it_applies(document, path):
            groups.setdefault((path[:-1], document.place(path).order, where), []).append(path)
    for (section, _, where), paths in groups.items():
        if len(paths) == 1:
            document.add_mistake(paths[0], f"applies {where}")
        else:
            keys = listed([str(path[-1]) for path in paths])
            document.add_mistake(section, f"{keys} apply {where}", document.place(paths[0]))
    return {path for paths in groups.values() for path in paths}


def alternatives(data: Any, path: KeyPath) -> dict[str, type[BaseModel]]:
    """Return all models that the section at `path` could follow, by name. It is empty if there is no choice."""
    if not path or path[0] not in ("benchmark", "algorithm"):
        return {}
    section = str(path[0])
    if len(path) == 1:
        return {entry.name: entry.config for entry in registry_of(section).entries()}
    model, value = registered_model(section, peek(data, section)), peek(data, section)
    for key in map(str, path[1:-1]):
        field = model.model_fields.get(key) if model else None
        value = peek(value, key)
        model = field_model(field, value) if field else None
    field = model.model_fields.get(str(path[-1])) if model else None
    return models_by_name(get_args(field.annotation)) if field else {}


def suggestion(path: KeyPath, keys: dict[KeyPath, str]) -> str:
    """Return what to write instead of the unknown key at `path`.

    Args:
        path: The key.
        keys: The valid keys.
    """
    section, key = path[:-1], str(path[-1])
    probable = probable_keys(path, keys)
    if "." in key and key in map(dotted, probable):
        return "write nested keys on lines of their own, each indented under its section"
    if not probable:
        return "valid here: " + ", ".join(str(valid[-1]) for valid in keys if valid[:-1] == section)
    names = (str(valid[-1]) if valid[:-1] == section else dotted(valid) for valid in probable)
    return f"did you mean {' or '.join(map(repr, names))}?"


def probable_keys(path: KeyPath, keys: dict[KeyPath, str]) -> list[KeyPath]:
    """Return the valid `keys` that the unknown key at `path` probably stands for."""
    section, key = path[:-1], str(path[-1])
    if key == "name":  # many sections have a name, so this is no misspelling of one
        return []
    if elsewhere := [valid for valid in keys if key in (valid[-1], dotted(valid))]:
        return elsewhere
    for candidates in ([valid for valid in keys if valid[:-1] == section], list(keys)):
        if near := closest_match(key, (str(valid[-1]) for valid in candidates)):
            return [valid for valid in candidates if valid[-1] == near]
    return []


def _collect(model: type[BaseModel], path: KeyPath, data: Any, keys: dict[KeyPath, str]) -> None:
    for name, field in model.model_fields.items():
        inner = (*path, name)
        keys[inner] = field.description or ""
        value = peek(data, name)
        registered = inner in (("benchmark",), ("algorithm",))
        section = registered_model(name, value) if registered else field_model(field, value)
        if section is not None:
            _collect(section, inner, value, keys)


def _where_it_applies(document: Document, path: KeyPath) -> str | None:
    """Return the names that a section around the key would need for it to be valid, in words; None if no name would."""
    for depth in range(len(path) - 1, 0, -1):
        section = path[:depth]
        models = alternatives(document.value, section)
        others = [name for name, model in models.items() if _has(model, path[depth:])]
        here = _value(document.value, (*section, "name"))
        if others and here not in others:
            names = " or ".join(map(repr, others))
            in_file = section == ("algorithm",) and document.place(path).order == 0
            hint = _start_from(document, here) if in_file else ""
            return f"where {dotted((*section, 'name'))} is {names}" + (f", not {here!r}{hint}" if here else "")
    return None


def _has(model: type[BaseModel], path: KeyPath) -> bool:
    key, *inner = map(str, path)
    field = model.model_fields.get(key)
    return field is not None and (not inner or any(_has(part, tuple(inner)) for part in field_models(field)))


def _value(data: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        data = peek(data, str(key))
    return data


def _start_from(document: Document, algorithm: str) -> str:
    """Name an experiment of this algorithm in the file's directory, by the pattern of the shipped file names."""
    source = Path(document.start.source)
    prefix = f"{algorithm.replace('-', '_')}_"
    others = (path for path in source.parent.glob("*.yaml") if path.name != source.name)
    beside = {path.name: path for path in others if path.name.startswith(prefix)}
    near = closest_match(source.name, beside) or min(beside, default=None)
    return f"; start from '{beside[near]}'" if near else ""
