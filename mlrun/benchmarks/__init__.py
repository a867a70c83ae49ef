"""The tasks that algorithms learn and are evaluated on. Importing this package imports no benchmark."""

from mlrun.config.registries import benchmarks

__all__ = ["benchmarks"]
