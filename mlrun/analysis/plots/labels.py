"""Names beside lines, where a legend would send the eye back and forth."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mlrun.analysis.plots.style import LIGHT

_LINE_HEIGHT: Final = 0.12  # inches
_WIDTH: Final = 20  # letters in a line


@dataclass(frozen=True)
class Label:
    """A name for what ends at a point.

    Attributes:
        text: the name.
        x: where it ends, in data.
        y: the same.
        colour: of the name.
    """

    text: str
    x: float
    y: float
    colour: str


def label_ends(axes: Axes, labels: Sequence[Label]) -> None:
    """Write names to the right of a panel, none over another, each with a thin line to what it names.

    To be called once the limits of all panels are final.
    """
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()  # only then is known how tall the panel is
    to_panel = axes.transData + axes.transAxes.inverted()
    wanted = [float(to_panel.transform((label.x, label.y))[1]) for label in labels]
    texts = [label.text for label in labels]
    gap = height_of_each(texts) * figure.dpi / axes.bbox.height
    # Grey, lest it looks like more of the line whose end it leads to.
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


def height_of_each(texts: Iterable[str]) -> float:
    """Inches that each of these names takes, where all take the same."""
    return _LINE_HEIGHT * max((_in_lines(text).count("\n") + 1 for text in texts), default=0)


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """The places between 0 and 1 nearest to those wanted, in squares, of which no two are nearer than `gap`.

    They keep their order. Should there be more than fit, the last ones are above 1.
    """
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(wanted))
    # Less their steps, the places must only not fall: isotonic regression, by pooling neighbours that do.
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


def _in_lines(text: str) -> str:
    return textwrap.fill(text, _WIDTH)
