"""Experiments as files. Strict YAML becomes one frozen, validated Experiment, or a list of all mistakes."""

from mlrun.config.reading.document import ConfigError, Mistake
from mlrun.config.reading.load import dump_experiment, load_experiment, read_experiment, read_values
from mlrun.config.schema import Experiment, experiment_schema

__all__ = [
    "ConfigError",
    "Experiment",
    "Mistake",
    "dump_experiment",
    "experiment_schema",
    "load_experiment",
    "read_experiment",
    "read_values",
]
