"""Compares experiments by the scores of their runs, over several seeds."""
