"""Sections of a configuration: their strict base models, and how a section's `name` chooses its model."""

from collections.abc import Callable, Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails

from mlrun.registry import UnknownNameError, closest_match


class Section(BaseModel, frozen=True, extra="forbid", strict=True, allow_inf_nan=False):
    """A part of a configuration. It is immutable, refuses unknown keys, and does not convert types."""


def require_name(schema: dict[str, Any]) -> None:
    """Make `name` a required key in a JSON schema."""
    schema["required"] = ["name", *(key for key in schema.get("required", ()) if key != "name")]


class NamedSection(Section, frozen=True, json_schema_extra=require_name):
    """A section whose `name` says which model it follows. A file must write the name."""

    name: str


class ConflictError(ValueError):
    """A value that is impossible together with the value of another key.

    Args:
        message: What is wrong, the value, and what to write instead.
        other: The path of the other key in the whole experiment. The mistake is reported there if that key was written
            later.
    """

    def __init__(self, message: str, other: tuple[str, ...]) -> None:
        super().__init__(message)
        self.other = other


def one_of(kind: str, *models: type[BaseModel]) -> WrapValidator:
    """Return a validator for a field whose type is a union of `models`.

    It reads a section by the model of its `name`. A section without a name follows the first model, but is refused if
    its keys are those of another model.

    Args:
        kind: What the models describe, for messages, for example ``"outer rule"``.
        models: Models of named sections.
    """
    by_name = models_by_name(models)

    def read(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        if isinstance(value, models):
            return handler(value)
        if not isinstance(value, dict):
            return models[0].model_validate(value)
        default = next(iter(by_name))
        if "name" not in value and (meant := _meant(value, by_name)) != default:
            error = ValueError(f"missing; write 'name: {meant}', since these are its keys")
            raise ValidationError.from_exception_data("name", [refusal(("name",), error, None)])
        return read_by_name({"name": default, **value}, by_name, _lookup(kind, by_name))

    return WrapValidator(read)


def read_by_name(
    section: dict[Any, Any], choices: Iterable[str], model_of: Callable[[str], type[BaseModel]]
) -> BaseModel:
    """Validate a section by the model of its name.

    Args:
        section: The section as written.
        choices: The known names, for messages.
        model_of: Returns the model of a name. Raises LookupError for an unknown name.

    Raises:
        ValidationError: The name is missing or unknown, or the model refuses the section.
    """
    try:
        model = model_of(_written_name(section, ", ".join(sorted(choices))))
    except LookupError as error:
        mistake = refusal(("name",), ValueError(str(error)), section.get("name"))
        raise ValidationError.from_exception_data("name", [mistake]) from None
    return model.model_validate(section)


def field_model(field: FieldInfo, value: Any) -> type[BaseModel] | None:
    """Return the model that the section `value` of a field follows, or None if the field is no section.

    Where the field's type is a union, the name written in `value` decides.
    """
    by_name = models_by_name(get_args(field.annotation))
    default = _meant(value, by_name) if by_name and isinstance(value, dict) else peek(field.default, "name")
    chosen = by_name.get(str(peek(value, "name", default))) if by_name else field.annotation
    return chosen if isinstance(chosen, type) and issubclass(chosen, BaseModel) else None


def field_models(field: FieldInfo) -> list[type[BaseModel]]:
    """Return all models that a field's section could follow."""
    return _models(get_args(field.annotation) or (field.annotation,))


def models_by_name(types: Iterable[Any]) -> dict[str, type[BaseModel]]:
    """Return the models of named sections among some types, by the default of their `name`."""
    return {model.model_fields["name"].default: model for model in _models(types) if "name" in model.model_fields}


def refusal(path: tuple[str, ...], error: ValueError, value: Any) -> InitErrorDetails:
    """Return pydantic's description of an `error` in the `value` at `path`."""
    return {"type": "value_error", "loc": path, "input": value, "ctx": {"error": error}}


def peek(section: Any, key: str, default: Any = None) -> Any:
    """Return the value of a key in a section that is not validated yet: a dict, a model, or anything else."""
    return section.get(key, default) if isinstance(section, dict) else getattr(section, key, default)


def _models(types: Iterable[Any]) -> list[type[BaseModel]]:
    return [model for model in types if isinstance(model, type) and issubclass(model, BaseModel)]


def _meant(section: dict[Any, Any], by_name: dict[str, type[BaseModel]]) -> str:
    """Return the name of the first model that has all keys of a section, or of the first model if none has."""
    fitting = (name for name, model in by_name.items() if section.keys() <= model.model_fields.keys())
    return next(fitting, next(iter(by_name)))


def _lookup(kind: str, by_name: dict[str, type[BaseModel]]) -> Callable[[str], type[BaseModel]]:
    def model_of(name: str) -> type[BaseModel]:
        if name not in by_name:
            raise UnknownNameError.among(kind, name, by_name)
        return by_name[name]

    return model_of


def _written_name(section: dict[Any, Any], choices: str) -> str:
    """Return the name that is written in a section.

    Raises:
        LookupError: There is none. The message lists the `choices`.
    """
    name = section.get("name")
    if isinstance(name, str):
        return name
    if name is not None:
        raise LookupError(f"must be one of: {choices}, not {name}")
    misspelt = closest_match("name", (key for key in section if isinstance(key, str)))
    instead = f" instead of {misspelt!r}" if misspelt else ""
    raise LookupError(f"missing; write 'name'{instead}, one of: {choices}")
