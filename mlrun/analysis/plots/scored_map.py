"""A map of tasks that are coloured by a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from mlrun.analysis.plots.grouping import Group
from mlrun.analysis.plots.map_panels import map_panels
from mlrun.analysis.plots.views import View
from mlrun.scores import SCORES

_SIZE: Final = 7.0  # square points of a marker
_LEAST: Final = 1e-6  # of the largest error, at which the scale ends: it would never come to an error of 0


def draw_scores(groups: Sequence[Group], views: Sequence[View], score: str, band: float) -> Figure:
    """Tasks in colours from dark, which is bad, to light; of several runs by their mean.

    Args:
        groups: experiments.
        views: to draw of each.
        score: to colour by.
        band: inches to leave free at the bottom.
    """
    figure, panels = map_panels(groups, views, score, band + 0.45)
    values = [panel.scores(score).mean(axis=0) for panel in panels]
    less_is_better, low, high = SCORES[score].less_is_better, np.min(values), np.max(values)
    norm = LogNorm(max(low, _LEAST * high), high, clip=True) if less_is_better and high > 0 else Normalize(low, high)
    colours = ScalarMappable(norm, "cividis_r" if less_is_better else "cividis")
    for panel, of_tasks in zip(panels, values, strict=True):
        x, y = panel.places(panel.view.place).T
        panel.axes.scatter(x, y, _SIZE, colours.to_rgba(of_tasks), edgecolors="#333333", linewidths=0.2, clip_on=False)
    height = figure.get_figheight()
    bar = figure.add_axes((0.13, (band + 0.34) / height, 0.83, 0.07 / height))
    figure.colorbar(colours, bar, orientation="horizontal", label=SCORES[score].label)
    bar.xaxis.set_major_formatter("{x:g}")
    return figure
