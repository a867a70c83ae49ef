"""What every section of a configuration has in common."""

from typing import Any

from pydantic import BaseModel


class Section(BaseModel, frozen=True, extra="forbid", strict=True, allow_inf_nan=False):
    """A part of a configuration: immutable, without unknown keys, and without conversions between types."""


class ConflictError(ValueError):
    """A value that does not go together with another one.

    Args:
        message: What is wrong, the value, and what to write instead.
        other: The path of the other key in the whole experiment, to be pointed at if it was written later.
    """

    def __init__(self, message: str, other: tuple[str, ...]) -> None:
        super().__init__(message)
        self.other = other


def require_name(schema: dict[str, Any]) -> None:
    """Make `name` a required key in a JSON schema."""
    schema["required"] = ["name", *(key for key in schema.get("required", ()) if key != "name")]


class NamedSection(Section, frozen=True, json_schema_extra=require_name):
    """A section whose `name` says which model it follows; in a file it must be written."""

    name: str
