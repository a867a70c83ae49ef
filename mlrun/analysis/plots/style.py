"""How figures look: sizes for a column of a paper, and colours for colour-blind readers."""

import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from matplotlib import style
from matplotlib.figure import Figure

COLUMN: Final = 3.3  # inches, the width of a column

# Okabe & Ito, "Color Universal Design" (2008).
BLACK: Final = "#000000"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
GREY: Final = "#666666"  # references and captions
LIGHT: Final = "#BBBBBB"  # lines that join two marks


@dataclass(frozen=True)
class Look:
    """Colour and marker of a line. The marker is for readers who do not see colours."""

    colour: str
    marker: str


LOOKS: Final = (
    Look(BLUE, "o"),
    Look(VERMILLION, "s"),
    Look(GREEN, "^"),
    Look(PURPLE, "D"),
    Look(ORANGE, "v"),
    Look(SKY, "P"),
    Look(BLACK, "X"),
)
"""The looks of experiments in a figure, in order. A figure can show no more experiments than these."""

_SMALL: Final = 7.0  # points
_LETTERS: Final = 62  # of that size fit into a line of a column
_RC: Final[dict[str, Any]] = {
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "savefig.dpi": 300,
    "font.size": _SMALL,
    "axes.labelsize": _SMALL,
    "axes.titlesize": 8.0,
    "axes.labelpad": 2.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "xtick.labelsize": _SMALL,
    "ytick.labelsize": _SMALL,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 0.0,
    "ytick.minor.size": 0.0,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "legend.fontsize": _SMALL,
    "legend.frameon": False,
    # Letters are drawn as outlines, so that they look and fit the same if the font is not installed.
    "svg.fonttype": "path",
    "svg.hashsalt": "mlrun",
    # A $ in the name of a run is a $, and does not start mathematics.
    "text.parse_math": False,
}


@contextmanager
def applied() -> Iterator[None]:
    """Use this style, without the user's own, while a figure is drawn or saved. Works as a decorator too."""
    with style.context(["default", _RC]):
        yield


def caption(figure: Figure, *sentences: str) -> None:
    """Write sentences below a figure. If it has a layout engine, the figure becomes taller by their height."""
    place = {"y": 0.04 / figure.get_figheight()}
    if figure.get_layout_engine():
        figure.set_figheight(figure.get_figheight() + caption_height(*sentences))
        place = {}  # the engine leaves room for the caption only if it may place it
    figure.supxlabel(_in_lines(sentences), x=0.02, ha="left", size=_SMALL, color=GREY, linespacing=1.25, **place)


def caption_height(*sentences: str) -> float:
    """The height of a caption in inches."""
    return 0.2 + 0.125 * _in_lines(sentences).count("\n")


def _in_lines(sentences: Iterable[str]) -> str:
    return textwrap.fill(" ".join(filter(None, sentences)), _LETTERS, break_on_hyphens=False)
