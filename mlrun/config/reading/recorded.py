"""Sections of a run's configuration that no installed package provides, as they were recorded."""

import contextlib
from typing import Any, ClassVar, Literal

from pydantic import ValidationError

from mlrun.config.algorithms import AlgorithmConfig
from mlrun.config.benchmarks import BenchmarkConfig
from mlrun.config.registries import registered_model
from mlrun.config.schema import EpisodicExperiment, SupervisedExperiment


class RecordedAlgorithm(AlgorithmConfig, frozen=True, extra="allow"):
    """An algorithm of which only its settings are known."""


class RecordedBenchmark(BenchmarkConfig, frozen=True, extra="allow"):
    """A benchmark of episodes of which only its settings are known."""


class RecordedExamples(RecordedBenchmark, frozen=True, extra="allow"):
    """A benchmark of examples of which only its settings are known."""

    learning: ClassVar[Literal["episodic", "supervised"]] = "supervised"


def take_as_recorded(values: dict[Any, Any]) -> None:
    """Replace the benchmark and the algorithm, where they are of an unknown name, by models of what is written.

    Args:
        values: an experiment with all of its sections, as a run has it.
    """
    of_examples = SupervisedExperiment.model_fields.keys() - EpisodicExperiment.model_fields.keys()
    benchmark = RecordedExamples if values.keys() & of_examples else RecordedBenchmark
    for section, model in (("benchmark", benchmark), ("algorithm", RecordedAlgorithm)):
        written = values.get(section)
        if registered_model(section, written) is None:
            with contextlib.suppress(ValidationError):  # what is no section is a mistake like any other
                values[section] = model.model_validate(written)
