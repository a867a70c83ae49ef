"""Figures of runs. Import this package freely: only its modules load matplotlib."""

from typing import Final

FIGURES: Final = ("learning_curves", "adaptation_steps", "goal_map", "time_split")
"""The figures. Each is the name of a module here with two functions:

- ``why_not(run)`` returns in a few words why the figure cannot show a run, or None if it can;
- ``draw(runs)`` returns the figure of runs that it can show, all on one benchmark.
"""

FORMATS: Final = ("png", "svg")
"""The kinds of files that figures are written as."""
