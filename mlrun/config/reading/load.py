"""Read configuration files, with overrides, into experiments. Write experiments as YAML."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import yaml
from pydantic import ValidationError

from mlrun.config.algorithms import AlgorithmConfig
from mlrun.config.benchmarks import BenchmarkConfig
from mlrun.config.reading.document import ConfigError, Document, KeyPath, Mistake, Place, printable
from mlrun.config.reading.messages import note_mistakes
from mlrun.config.reading.yaml_loader import CoreDumper, parse
from mlrun.config.registries import registered_model
from mlrun.config.schema import EpisodicExperiment, Experiment, SupervisedExperiment, experiment_model
from mlrun.registry import closest_match

_MAX_BYTES = 64 * 1024


class _RecordedAlgorithm(AlgorithmConfig, frozen=True, extra="allow"):
    """An algorithm that no installed package provides, with the settings that a run recorded."""


class _RecordedBenchmark(BenchmarkConfig, frozen=True, extra="allow"):
    """The same for a benchmark of episodes."""


class _RecordedExamples(_RecordedBenchmark, frozen=True, extra="allow"):
    """The same for a benchmark of examples."""

    learning: ClassVar[Literal["episodic", "supervised"]] = "supervised"


def load_experiment(path: Path, overrides: Sequence[str] = ()) -> Experiment:
    """Read and check an experiment.

    Args:
        path: A YAML file.
        overrides: ``"path.to.key=value"`` each, the value in YAML. They are applied in order before the check.

    Raises:
        ConfigError: With every mistake of the file in the order of its lines, then those of the overrides.
    """
    document = _read_sections(path)
    _apply_overrides(document, overrides)
    return _validated(document)


def read_experiment(path: Path) -> Experiment:
    """Read the experiment of a run in order to look at its results, not to train it.

    A benchmark or an algorithm that no installed package provides keeps its recorded settings, unchecked.

    Args:
        path: The config.yaml of a run, which has all sections.

    Raises:
        ConfigError: With every mistake of the file in the order of its lines.
    """
    document = _read_sections(path)
    _keep_unknown_as_recorded(document.value)
    return _validated(document)


def read_values(path: Path) -> Any:
    """Return the plain values in a file. They are not checked, so the file may be of another version of mlrun.

    Raises:
        ConfigError: The file cannot be read, or is not YAML.
    """
    return parse(_read(path), Place(0, 1, str(path))).value


def dump_experiment(experiment: Experiment) -> str:
    """Return an experiment as YAML. Loading this text gives an equal experiment."""
    return yaml.dump(experiment.model_dump(mode="json"), Dumper=CoreDumper, sort_keys=False, allow_unicode=True)


def _read_sections(path: Path) -> Document:
    document = parse(_read(path), Place(0, 1, str(path)))
    if not isinstance(document.value, dict):
        raise ConfigError([_not_sections(document)])
    return document


def _apply_overrides(document: Document, overrides: Sequence[str]) -> None:
    """Write `overrides` over `document`, in order. The last one for a key counts.

    An override that cannot be parsed becomes a mistake of the document. Keys and values are checked later.
    """
    for order, override in enumerate(overrides, start=1):
        place = Place(order, None, f"--set {printable(override)}")
        path, value = _split(override)
        if not path:
            message = "must look like 'section.key=value', for example 'training.iterations=100'"
            document.add_mistake((), message, place)
            continue
        try:
            document.graft(path, parse(value, place, base=path))
        except ConfigError as error:
            document.mistakes += [(place, mistake) for mistake in error.mistakes]


def _split(override: str) -> tuple[KeyPath, str]:
    """Return the path and the text of the value. The path is empty if the override has none."""
    dotted, equals, value = override.partition("=")
    path = tuple(key.strip() for key in dotted.split("."))
    return (path if equals and all(path) else ()), value


def _keep_unknown_as_recorded(values: dict[Any, Any]) -> None:
    """Replace a benchmark or algorithm section with an unknown name by a model that accepts all its keys."""
    of_examples = SupervisedExperiment.model_fields.keys() - EpisodicExperiment.model_fields.keys()
    benchmark = _RecordedExamples if values.keys() & of_examples else _RecordedBenchmark
    for section, model in (("benchmark", benchmark), ("algorithm", _RecordedAlgorithm)):
        written = values.get(section)
        if registered_model(section, written) is None:
            with contextlib.suppress(ValidationError):  # no section at all: the validation to come reports it
                values[section] = model.model_validate(written)


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
