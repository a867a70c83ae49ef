"""Meta-learning experiments on robot manipulation, run from the command line."""

__version__ = "0.1.0"
