"""Experiments as files: strict YAML in, one frozen and validated Experiment out, or every mistake at once."""

from mlrun.config.reading.errors import ConfigError, Mistake
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
