"""Keys that sections of another name have, as MAML's outer loop has those that ProMP's has not."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from mlrun.config.choice import field_model, field_models, models_by_name, peek
from mlrun.config.reading.document import Document, KeyPath, dotted
from mlrun.config.registries import registered_model, registry_of
from mlrun.registry import closest_match
from mlrun.wording import listed


def note_foreign_keys(document: Document, unknown: Iterable[KeyPath]) -> set[KeyPath]:
    """Add one mistake for all the foreign keys that are written in a section, and return them.

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
    """Return all models that the section at `path` could follow, by name; none where it has no choice."""
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


def _where_it_applies(document: Document, path: KeyPath) -> str | None:
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
    """Name an experiment with this algorithm that lies beside the file, called as those are that are shipped."""
    source = Path(document.start.source)
    prefix = f"{algorithm.replace('-', '_')}_"
    others = (path for path in source.parent.glob("*.yaml") if path.name != source.name)
    beside = {path.name: path for path in others if path.name.startswith(prefix)}
    near = closest_match(source.name, beside) or min(beside, default=None)
    return f"; start from '{beside[near]}'" if near else ""
