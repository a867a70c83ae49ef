"""The tasks that algorithms are meta-trained and judged on. Importing this package imports no benchmark."""

from mlrun.config.registries import benchmarks

__all__ = ["benchmarks"]
