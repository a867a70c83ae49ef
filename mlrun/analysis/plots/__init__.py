"""Figures of runs, for papers and for a look on the way; matplotlib is loaded with the modules that draw."""

from typing import Final

FIGURES: Final = ("learning_curves", "adaptation_steps", "goal_map", "time_split")
"""The figures, each the name of a module here that has

- ``why_not(run)``: in a few words why a run cannot be in the figure, or None where it can;
- ``draw(runs)``: the figure of runs that all can, on one benchmark.
"""

FORMATS: Final = ("png", "svg")
"""The kinds of files."""
