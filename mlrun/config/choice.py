"""Sections that follow one of several models, chosen by the `name` written in them."""

from collections.abc import Callable, Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails

from mlrun.registry import UnknownNameError, closest_match


def one_of(kind: str, *models: type[BaseModel]) -> WrapValidator:
    """Return a validator for a field whose type is a union of `models`, by the `name` written or else the first."""
    by_name = models_by_name(models)

    def read(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        if isinstance(value, models):
            return handler(value)
        if not isinstance(value, dict):
            return models[0].model_validate(value)
        default = next(iter(by_name))
        if "name" not in value and (meant := _meant(value, by_name)) != default:
            error = ValueError(f"missing; write 'name: {meant}', whose keys these are")
            raise ValidationError.from_exception_data("name", [refusal(("name",), error, None)])
        return read_by_name({"name": default, **value}, by_name, _lookup(kind, by_name))

    return WrapValidator(read)


def field_model(field: FieldInfo, value: Any) -> type[BaseModel] | None:
    """Return the model that a field's section follows, by its type or by the name written in `value`, or None."""
    by_name = models_by_name(get_args(field.annotation))
    default = _meant(value, by_name) if by_name and isinstance(value, dict) else peek(field.default, "name")
    chosen = by_name.get(str(peek(value, "name", default))) if by_name else field.annotation
    return chosen if isinstance(chosen, type) and issubclass(chosen, BaseModel) else None


def field_models(field: FieldInfo) -> list[type[BaseModel]]:
    """Return all models that a field's section could follow."""
    return _models(get_args(field.annotation) or (field.annotation,))


def read_by_name(
    section: dict[Any, Any], choices: Iterable[str], model_of: Callable[[str], type[BaseModel]]
) -> BaseModel:
    """Validate a section by the model that its name stands for.

    Args:
        section: As written.
        choices: The names there are, for messages.
        model_of: From a name to the model; raises LookupError for an unknown name.
    """
    try:
        model = model_of(_written_name(section, ", ".join(sorted(choices))))
    except LookupError as error:
        mistake = refusal(("name",), ValueError(str(error)), section.get("name"))
        raise ValidationError.from_exception_data("name", [mistake]) from None
    return model.model_validate(section)


def refusal(path: tuple[str, ...], error: ValueError, value: Any) -> InitErrorDetails:
    """Return in pydantic's form that the `value` at `path` is refused."""
    return {"type": "value_error", "loc": path, "input": value, "ctx": {"error": error}}


def peek(section: Any, key: str, default: Any = None) -> Any:
    """Return a value of a section that is already a model, or not yet known to be even a section."""
    return section.get(key, default) if isinstance(section, dict) else getattr(section, key, default)


def models_by_name(models: Iterable[Any]) -> dict[str, type[BaseModel]]:
    """Return those of some types that are models of named sections, by the default of their `name`."""
    return {model.model_fields["name"].default: model for model in _models(models) if "name" in model.model_fields}


def _models(types: Iterable[Any]) -> list[type[BaseModel]]:
    return [model for model in types if isinstance(model, type) and issubclass(model, BaseModel)]


def _meant(section: dict[Any, Any], by_name: dict[str, type[BaseModel]]) -> str:
    """Return the name that a section without one needs: the first, unless its keys are those of another model."""
    fitting = (name for name, model in by_name.items() if section.keys() <= model.model_fields.keys())
    return next(fitting, next(iter(by_name)))


def _lookup(kind: str, by_name: dict[str, type[BaseModel]]) -> Callable[[str], type[BaseModel]]:
    def model_of(name: str) -> type[BaseModel]:
        if name not in by_name:
            raise UnknownNameError.among(kind, name, by_name)
        return by_name[name]

    return model_of


def _written_name(section: dict[Any, Any], choices: str) -> str:
    """Return the name that a section gives; raise LookupError if it gives none."""
    name = section.get("name")
    if isinstance(name, str):
        return name
    if name is not None:
        raise LookupError(f"must be one of: {choices}, not {name}")
    misspelt = closest_match("name", (key for key in section if isinstance(key, str)))
    instead = f" instead of {misspelt!r}" if misspelt else ""
    raise LookupError(f"missing; write 'name'{instead}, one of: {choices}")
