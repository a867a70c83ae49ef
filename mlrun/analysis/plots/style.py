"""How figures look: sizes for a column of a paper, and colours that colour-blind readers can tell apart."""

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
GREY: Final = "#666666"  # what is there for comparison, and remarks
LIGHT: Final = "#BBBBBB"  # lines that lead from one thing to another


@dataclass(frozen=True)
class Look:
    """How a line is drawn: two ways to tell it from others, for readers who see no colours."""

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
"""Of the experiments of a figure, which can have no more than these."""

_SMALL: Final = 7.0  # points
_LETTERS: Final = 62  # of that size that fit into a column
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
    # Outlines of letters instead of letters: they look and fit the same where the font is not installed.
    "svg.fonttype": "path",
    "svg.hashsalt": "mlrun",
    # Names of runs are what they are, also with a $ in them.
    "text.parse_math": False,
}


@contextmanager
def applied() -> Iterator[None]:
    """This style and nothing of the user's own, for as long as a figure is drawn or saved; also a decorator."""
    with style.context(["default", _RC]):
        yield


def caption(figure: Figure, *sentences: str) -> None:
    """Say below a figure what its marks are. With a layout engine, the figure grows by what that takes."""
    place = {"y": 0.04 / figure.get_figheight()}
    if figure.get_layout_engine():
        figure.set_figheight(figure.get_figheight() + caption_height(*sentences))
        place = {}  # the engine leaves room for it only if it may choose the height by itself
    figure.supxlabel(_in_lines(sentences), x=0.02, ha="left", size=_SMALL, color=GREY, linespacing=1.25, **place)


def caption_height(*sentences: str) -> float:
    """Inches that a caption takes."""
    return 0.2 + 0.125 * _in_lines(sentences).count("\n")


def _in_lines(sentences: Iterable[str]) -> str:
    return textwrap.fill(" ".join(filter(None, sentences)), _LETTERS, break_on_hyphens=False)
