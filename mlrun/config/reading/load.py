"""Configuration files into experiments, and back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mlrun.config.reading.document import Document, Place
from mlrun.config.reading.errors import ConfigError, Mistake
from mlrun.config.reading.messages import note_mistakes
from mlrun.config.reading.overrides import apply_overrides
from mlrun.config.reading.recorded import take_as_recorded
from mlrun.config.reading.yaml_loader import CoreDumper, parse
from mlrun.config.schema import Experiment, experiment_model
from mlrun.registry import closest_match

_MAX_BYTES = 64 * 1024


def load_experiment(path: Path, overrides: Sequence[str] = ()) -> Experiment:
    """Read and check an experiment.

    Args:
        path: A YAML file.
        overrides: ``"path.to.key=value"`` each, applied in order before the check.

    Raises:
        ConfigError: With every mistake of the file in the order of its lines, then those of the overrides.
    """
    document = _read_sections(path)
    apply_overrides(document, list(overrides))
    return _validated(document)


def read_experiment(path: Path) -> Experiment:
    """Read the experiment of a run to look at what it has done, which takes no package that could train it.

    A benchmark or an algorithm that no installed package provides is taken as it was recorded.

    Raises:
        ConfigError: With every mistake of the file in the order of its lines.
    """
    document = _read_sections(path)
    take_as_recorded(document.value)
    return _validated(document)


def read_values(path: Path) -> Any:
    """Return what a file says, unchecked, for example that of an experiment which only another version can run.

    Raises:
        ConfigError: The file cannot be read, or is not YAML.
    """
    return parse(_read(path), Place(0, 1, str(path))).value


def dump_experiment(experiment: Experiment) -> str:
    """Return an experiment as YAML text; loading that gives an equal experiment."""
    return yaml.dump(experiment.model_dump(mode="json"), Dumper=CoreDumper, sort_keys=False, allow_unicode=True)


def _read_sections(path: Path) -> Document:
    document = parse(_read(path), Place(0, 1, str(path)))
    if not isinstance(document.value, dict):
        raise ConfigError([_not_sections(document)])
    return document


def _validated(document: Document) -> Experiment:
    experiment = None
    try:
        experiment = experiment_model(document.value).model_validate(document.value)
    except ValidationError as error:
        note_mistakes(error.errors(), document)
    if document.mistakes or experiment is None:
        raise ConfigError(mistake for _, mistake in sorted(document.mistakes, key=lambda noted: noted[0]))
    return experiment


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(path, f"no such file{_near(path)}") from None
    except IsADirectoryError:
        raise _unreadable(path, "is a directory, not a YAML file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(path, f"cannot be read: {reason.lower()}") from None
    if len(content) > _MAX_BYTES:
        raise _unreadable(path, f"is larger than {_MAX_BYTES // 1024} KiB; an experiment is a short text file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(path, f"not UTF-8 text: byte {content[error.start]:#04x}", line) from None


def _unreadable(path: Path, message: str, line: int | None = None) -> ConfigError:
    return ConfigError([Mistake(str(path), line, "", message)])


def _near(path: Path) -> str:
    candidates = {other.name: other for pattern in ("*.yaml", "*.yml") for other in path.parent.glob(pattern)}
    near = closest_match(path.name, candidates)
    return f"; did you mean '{candidates[near]}'?" if near else ""


def _not_sections(document: Document) -> Mistake:
    source = document.start.source
    if document.value is None:
        needed = "benchmark, algorithm and training"
        return Mistake(source, None, "", f"is empty; an experiment needs at least the sections {needed}")
    found = "a list" if isinstance(document.value, list) else "a single value"
    return Mistake(source, 1, "", f"must consist of 'key: value' lines and sections, not {found}")
