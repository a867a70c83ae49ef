"""Meta-learning algorithms, one in each file. Importing this package imports none of them."""

from mlrun.config.registries import algorithms

__all__ = ["algorithms"]
