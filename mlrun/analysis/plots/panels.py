"""Panels of scores, a row for each score, and names beside the lines in them."""

import textwrap
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from mlrun.analysis.plots.style import COLUMN, LIGHT
from mlrun.scores import SCORES, SHOWN

_ROW: Final = 1.05  # inches, the height of a row
_AROUND: Final = 0.42  # inches above and below the rows together
_LINE_HEIGHT: Final = 0.12  # inches of a line of a name
_LETTERS: Final = 20  # in a line of a name


@dataclass(frozen=True)
class Label:
    """A name beside the end of a line.

    Attributes:
        text: the name.
        x: where the line ends, in data coordinates.
        y: where the line ends, in data coordinates.
        colour: of the name.
    """

    text: str
    x: float
    y: float
    colour: str


def score_panels(
    names: Container[str], labels: Collection[str], columns: Sequence[str] = ("",)
) -> tuple[Figure, Mapping[str, Sequence[Axes]]]:
    """Make a figure of empty panels, a row for each score that figures show.

    The axis of a success rate goes from 0 to 1. The axis of an error is logarithmic.

    Args:
        names: names of the scores that there are.
        labels: names that will be written beside each row.
        columns: headings of the panels in a row.

    Returns:
        The figure, and the panels of each row by the name of its score.
    """
    shown = [name for name in SHOWN if name in names]
    height = max(_ROW if len(shown) > 1 else 1.5 * _ROW, len(labels) * _label_height(labels))
    figure = Figure(figsize=(COLUMN, _AROUND + height * len(shown)), layout="constrained")
    grid = figure.subplots(len(shown), len(columns), sharex=True, sharey="row", squeeze=False)
    for heading, axes in zip(columns, grid[0], strict=True):
        axes.set_title(heading)
    for name, axes in zip(shown, grid[:, 0], strict=True):
        axes.set_ylabel(textwrap.fill(SCORES[name].label, 13))
        _scale(axes, name)
    figure.align_ylabels(grid[:, 0])
    return figure, dict(zip(shown, grid, strict=True))


def label_ends(axes: Axes, labels: Sequence[Label]) -> None:
    """Write names to the right of a panel without overlap, each joined to the end of its line by a thin line.

    Call this last: the limits and the height of the panel must be final.
    """
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()  # the height of the panel is known only after the layout
    to_panel = axes.transData + axes.transAxes.inverted()
    wanted = [float(to_panel.transform((label.x, label.y))[1]) for label in labels]
    texts = [label.text for label in labels]
    gap = _label_height(texts) * figure.dpi / axes.bbox.height
    # Grey, because in the colour of the line it would look like more of the line.
    line = {"arrowstyle": "-", "linewidth": 0.4, "color": LIGHT, "shrinkA": 1, "shrinkB": 1, "relpos": (0, 0.5)}
    for label, text, height in zip(labels, texts, spread(wanted, gap), strict=True):
        axes.annotate(
            _in_lines(text),
            (label.x, label.y),
            (1.04, height),
            textcoords="axes fraction",
            verticalalignment="center",
            color=label.colour,
            annotation_clip=False,
            arrowprops=line,
        )


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Move places apart until no two are nearer than `gap`, by the least sum of squares.

    Args:
        wanted: places between 0 and 1. They keep their order.
        gap: the least distance between two places.

    Returns:
        Places between 0 and 1. If they do not all fit, the last ones are above 1.
    """
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(wanted))
    # Places minus steps must not decrease. This is isotonic regression: pool neighbours that decrease.
    pools: list[tuple[float, int]] = []
    for place in np.asarray(wanted, dtype=float)[order] - steps:
        mean, count = float(place), 1
        while pools and pools[-1][0] > mean:
            lower, members = pools.pop()
            mean, count = (lower * members + mean * count) / (members + count), members + count
        pools.append((mean, count))
    places = np.repeat([mean for mean, _ in pools], [count for _, count in pools])
    most = 1 - gap * (len(wanted) - 1)
    result = np.empty(len(wanted))
    result[order] = np.clip(places, 0, max(0, most)) + steps
    return result.tolist()


def _scale(axes: Axes, name: str) -> None:
    if SCORES[name].share:
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    elif name == "mse":
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _label_height(texts: Iterable[str]) -> float:
    """Inches for each of these names. All get the height of the tallest."""
    return _LINE_HEIGHT * max((_in_lines(text).count("\n") + 1 for text in texts), default=0)


def _in_lines(text: str) -> str:
    return textwrap.fill(text, _LETTERS)
