"""Pydantic's errors in plain words: what is wrong, the value as written, and what to write instead."""

import re
from typing import Any

from pydantic_core import ErrorDetails

from mlrun.config.reading.document import Document, KeyPath, Place, dotted, printable
from mlrun.config.reading.unknown_keys import (
    alternatives,
    inapplicable_keys,
    note_keys_of_other_algorithms,
    probable_keys,
    suggestion,
    undecided_keys,
    valid_keys,
)
from mlrun.config.section import ConflictError

_RULES = {
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "literal_error": "must be {expected}",
    "list_type": "must be a list such as [a, b]",
    "tuple_type": "must be a list such as [a, b]",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have {max_length} entries at most",
    "dict_type": "must be a section of 'key: value' lines",
    "model_type": "must be a section of 'key: value' lines",
}

_NUMBERS = {
    "int_type": r"[-+]?[0-9]{1,18}",
    "float_type": r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?",
}
_BOOLEANS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}


def note_mistakes(errors: list[ErrorDetails], document: Document) -> None:
    """Add a mistake to `document` for each error that its validation gave.

    An unknown key and the missing key that it probably stands for are one mistake.
    """
    keys = valid_keys(document.value)
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    misspelt = {key for path in unknown for key in probable_keys(path, keys)}
    undecided = undecided_keys(document.value)
    decided = (path for path in unknown if path[0] not in undecided)
    noted = note_keys_of_other_algorithms(document, decided)
    for error in errors:
        path = error["loc"]
        if error["type"] == "missing" and path in misspelt:
            continue
        if error["type"] == "extra_forbidden" and (path[0] in undecided or path in noted):
            continue
        document.add_mistake(path, _message(error, path, keys, document), _place(error, path, document))


def rule(error: ErrorDetails) -> str:
    """Return what a refused value must be, for example "must be at least 1"."""
    context = {name: _number(value) for name, value in error.get("ctx", {}).items()}
    kind = error["type"]
    return _RULES[kind].format(**context) if kind in _RULES else _plain_words(error["msg"])


def _place(error: ErrorDetails, path: KeyPath, document: Document) -> Place:
    """Return the place of an error. Where two values conflict, it is the place of the one that was written later."""
    cause = error.get("ctx", {}).get("error")
    involved = [path, cause.other] if isinstance(cause, ConflictError) else [path]
    written = [key for key in involved if key in document.places] or [path]
    return max((document.place(key) for key in written), key=lambda place: place.order)


def _message(error: ErrorDetails, path: KeyPath, keys: dict[KeyPath, str], document: Document) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        if reason := inapplicable_keys(document.value).get(path):
            return reason
        return f"unknown key; {suggestion(path, keys)}"
    if kind == "missing":
        description = keys.get(path)
        return "missing; add this key" + (f" ({description})" if description else "")
    if kind in ("value_error", "assertion_error", "custom_error"):
        return printable(str(error.get("ctx", {}).get("error", error["msg"])), limit=300)
    refused = error["input"]
    if any(refused in (name, name.rpartition("/")[2]) for name in alternatives(document.value, path)):
        return f"{rule(error)}; a name goes into {dotted(path)}.name"
    return f"{rule(error)}, not {_written(refused, path, document)}{_repair(kind, refused)}"


def _plain_words(message: str) -> str:
    """Return a message of pydantic without an entry in `_RULES` in the form of those."""
    return re.sub(r"^(Input|Value|String|List|Tuple|Data) should", "must", message)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _written(value: Any, path: KeyPath, document: Document) -> str:
    if isinstance(value, dict):
        return "a section of keys"
    if isinstance(value, list):
        return printable("[" + ", ".join("..." if isinstance(v, list | dict) else str(v) for v in value) + "]")
    if isinstance(value, str):
        return printable(repr(value))
    return document.texts.get(path, str(value)) or "empty"


def _repair(kind: str, value: Any) -> str:
    """Return how to write a value that has the right meaning in the wrong notation; empty for other values."""
    text = str(value).replace("_", "")
    if kind == "int_type" and isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"; write {int(value)}"
    if kind in _NUMBERS and isinstance(value, str) and re.fullmatch(_NUMBERS[kind], text):
        return f"; write {text}"
    if kind == "bool_type" and text.lower() in _BOOLEANS:
        return f"; write {_BOOLEANS[text.lower()]}"
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "; put it in quotes"
    return ""
