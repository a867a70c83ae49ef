"""Meta-learning algorithms: one file each. Importing this package imports no algorithm."""

from mlrun.config.registries import algorithms

__all__ = ["algorithms"]
