"""Joins the pictures of several worlds into one frame, with the score below each picture."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from mlrun.analysis.films.episode import Moment, Score
from mlrun.analysis.films.files import WHITE, joined
from mlrun.extras import require_extra

SMALLEST_WIDTH: Final = 240
"""Smallest width of a picture, in pixels. The text below it does not fit into less."""

_GAP: Final = 2  # pixels between the pictures of a pair
_SCALE: Final = 4  # how many times larger text is drawn than it is shown
_MARGIN: Final = 16  # pixels between pairs, and around the frame


class _Colours(NamedTuple):
    ink: tuple[int, int, int]
    paper: tuple[int, int, int]


_PLAIN: Final = _Colours((33, 37, 41), (WHITE, WHITE, WHITE))
_NO_SUCCESS: Final = _Colours(_PLAIN.ink, (235, 238, 241))
_SUCCESS: Final = _Colours(_PLAIN.paper, (0, 105, 80))
_EARLIER_SUCCESS: Final = _Colours(_PLAIN.ink, (190, 226, 215))


@dataclass(frozen=True)
class Scoreboard:
    """The layout of a frame: pairs of worlds to compare, with text around the pictures. Pictures are not scaled.

    Args:
        title: of the frame; may be empty.
        labels: of the worlds. Worlds 0 and 1 are a pair, 2 and 3 are the next, and so on.
        horizon: control steps of the episodes.
        columns: pairs in a row.
        pairs: whether the two of a pair stand "side by side" or "stacked".

    Raises:
        MissingExtraError: the package that draws text is not installed.
    """

    title: str
    labels: Sequence[str]
    horizon: int
    columns: int = 1
    pairs: Literal["side by side", "stacked"] = "side by side"

    def __post_init__(self) -> None:
        require_extra("video", "PIL.ImageFont", "writing into pictures")

    def frame(self, moment: Moment) -> np.ndarray:
        """The frame of a moment, ``(height, width, 3)`` uint8. Height and width are even, because an mp4 needs that."""
        panels = [_panel(*of_world) for of_world in zip(self.labels, moment.pictures, moment.scores, strict=True)]
        axis = 0 if self.pairs == "stacked" else 1
        pairs = [joined(panels[first : first + 2], axis, _GAP) for first in range(0, len(panels), 2)]
        pairs += [np.full_like(pairs[0], WHITE)] * (-len(pairs) % self.columns)
        rows = [joined(pairs[first : first + self.columns], 1, _MARGIN) for first in range(0, len(pairs), self.columns)]
        body = joined(rows, 0, _MARGIN)
        step = f"step {moment.step} of {self.horizon}"
        line = (self.title, step) if self.title else (step, "")
        header = _text([line], body.shape[1], _font_size(moment.pictures[0]), _PLAIN)
        whole = np.pad(joined([header, body], 0, 0), ((0, _MARGIN), (_MARGIN, _MARGIN), (0, 0)), constant_values=WHITE)
        return whole[: whole.shape[0] // 2 * 2, : whole.shape[1] // 2 * 2]


def _panel(label: str, picture: np.ndarray, score: Score) -> np.ndarray:
    if score.success_last:
        success, colours = "success", _SUCCESS
    elif score.success_any:
        success, colours = "success earlier", _EARLIER_SUCCESS
    else:
        success, colours = "no success", _NO_SUCCESS
    lines = [(label, success), (f"reward {score.reward:.2f}", f"return {score.total_reward:.0f}")]
    return joined([picture, _text(lines, picture.shape[1], _font_size(picture), colours)], 0, 0)


def _font_size(picture: np.ndarray) -> int:
    return round(7 + picture.shape[1] / 48)


def _text(lines: Sequence[tuple[str, str]], width: int, size: int, colours: _Colours) -> np.ndarray:
    """Draws lines of text, ``(height, width, 3)`` uint8. Each line has a left and a right part."""
    from PIL import Image, ImageDraw

    line, border = round(1.5 * size), size // 2
    # Drawn large, then reduced: letters start at whole pixels, which is too coarse for small letters.
    image = Image.new("RGB", (_SCALE * width, _SCALE * (line * len(lines) + border)), colours.paper)
    draw, font = ImageDraw.Draw(image), _font(_SCALE * size)
    for index, (left, right) in enumerate(lines):
        middle = _SCALE * (border / 2 + line * (index + 0.5))
        draw.text((_SCALE * border, middle), left, colours.ink, font, anchor="lm")
        draw.text((_SCALE * (width - border), middle), right, colours.ink, font, anchor="rm")
    return np.asarray(image.reduce(_SCALE))


@functools.cache
def _font(size: int):
    from PIL import ImageFont

    return ImageFont.load_default(size)  # part of Pillow
