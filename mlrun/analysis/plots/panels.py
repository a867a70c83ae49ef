"""Panels of scores: a row for each score."""

import textwrap
from collections.abc import Collection, Container, Mapping, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from mlrun.analysis.plots.labels import height_of_each
from mlrun.analysis.plots.style import COLUMN
from mlrun.scores import SCORES, SHOWN

_HEIGHT: Final = 1.05  # inches of a row
_AROUND: Final = 0.42  # inches for what is above and below the rows


def score_panels(
    names: Container[str], labels: Collection[str], columns: Sequence[str] = ("",)
) -> tuple[Figure, Mapping[str, Sequence[Axes]]]:
    """A figure with a row of empty panels for each of these scores that is shown, by its name.

    Shares of 1 have an axis from 0 to 1, errors one of orders of magnitude.

    Args:
        names: of the scores.
        labels: what will be written beside each row.
        columns: headings of the panels in a row.
    """
    shown = [name for name in SHOWN if name in names]
    height = max(_HEIGHT if len(shown) > 1 else 1.5 * _HEIGHT, len(labels) * height_of_each(labels))
    figure = Figure(figsize=(COLUMN, _AROUND + height * len(shown)), layout="constrained")
    grid = figure.subplots(len(shown), len(columns), sharex=True, sharey="row", squeeze=False)
    for heading, axes in zip(columns, grid[0], strict=True):
        axes.set_title(heading)
    for name, axes in zip(shown, grid[:, 0], strict=True):
        axes.set_ylabel(textwrap.fill(SCORES[name].label, 13))
        _scale(axes, name)
    figure.align_ylabels(grid[:, 0])
    return figure, dict(zip(shown, grid, strict=True))


def _scale(axes: Axes, name: str) -> None:
    if SCORES[name].share:
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    elif name == "mse":
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
