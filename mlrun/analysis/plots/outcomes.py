"""A map of goals that says of each whether it was reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mlrun.analysis.plots.grouping import Group
from mlrun.analysis.plots.map_panels import Panel, map_panels
from mlrun.analysis.plots.style import BLACK, BLUE, LIGHT, ORANGE, VERMILLION, Look
from mlrun.analysis.plots.views import View

ALWAYS, SOMETIMES, NEVER = range(3)
_LOOKS: Final = {ALWAYS: Look(BLUE, "o"), SOMETIMES: Look(ORANGE, "^"), NEVER: Look(VERMILLION, "X")}
_SIZE: Final = 4.5  # points


def draw_outcomes(groups: Sequence[Group], views: Sequence[View], band: float) -> Figure:
    """Goals with a marker for success at the last step, one for success before that only, and one for none.

    Of several runs, the first means success at the last step in all of them, and the last no success in any.

    Args:
        groups: experiments.
        views: to draw of each.
        band: inches to leave free at the bottom.
    """
    figure, panels = map_panels(groups, views, "success_last", band + 0.36)
    for panel in panels:
        _draw_ways(panel)
        _draw_goals(panel)
    alone = all(len(group.runs) == 1 for group in groups)
    _explain(figure, band, alone=alone, with_starts=views[0].start is not None)
    return figure


def outcomes(panel: Panel) -> np.ndarray:
    """Of which kind each task is, ``(tasks,)``."""
    always = (panel.scores("success_last") == 1).all(axis=0)
    never = (panel.scores("success_any") == 0).all(axis=0)
    return np.select([always, never], [ALWAYS, NEVER], SOMETIMES)


def _draw_goals(panel: Panel) -> None:
    kinds, places = outcomes(panel), panel.places(panel.view.place)
    for kind, look in _LOOKS.items():
        style = {"color": look.colour, "marker": look.marker, "markeredgecolor": "white", "markeredgewidth": 0.3}
        panel.axes.plot(*places[kinds == kind].T, linestyle="", markersize=_SIZE, clip_on=False, **style)


def _draw_ways(panel: Panel) -> None:
    """From where the puck starts to its goal."""
    if panel.view.start is not None:
        starts, goals = panel.places(panel.view.start), panel.places(panel.view.place)
        panel.axes.plot(*np.stack([starts, goals]).transpose(2, 0, 1), color=LIGHT, linewidth=0.4)
        panel.axes.plot(*starts.T, linestyle="", marker=".", color=BLACK, markersize=1.5)


def _explain(figure: Figure, bottom: float, *, alone: bool, with_starts: bool) -> None:
    of_one = ("success at the last step", "success, but not at the last step", "no success")
    of_all = ("last-step success in all runs", "some success", "no success in any run")
    handles = [
        Line2D([], [], linestyle="", markersize=_SIZE, color=look.colour, marker=look.marker, label=text)
        for look, text in zip(_LOOKS.values(), of_one if alone else of_all, strict=True)
    ]
    if with_starts:
        start = {"marker": ".", "markersize": 3, "markeredgecolor": BLACK, "markerfacecolor": BLACK}
        handles.append(Line2D([], [], color=LIGHT, linewidth=0.6, label="start of the puck", **start))
    place = (0.01, bottom / figure.get_figheight())
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=place,
        borderaxespad=0,
        ncols=2,
        columnspacing=1,
        handlelength=1.2,
    )
