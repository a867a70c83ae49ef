from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
import pytest

from mlrun.analysis.films.episode import Moment, Score
from mlrun.analysis.films.scoreboard import SMALLEST_WIDTH, Scoreboard
from mlrun.extras import MissingExtraError

HEIGHT, WIDTH = 90, 240
NO, EARLIER, NOW = Score(1, 20), Score(2.5, 30, True), Score(10, 1200, True, True)
WHITE = [255, 255, 255]


def coloured(world: int) -> np.ndarray:
    """A picture of a colour that no text has."""
    return np.full((HEIGHT, WIDTH, 3), (250, 10 * world, 60), dtype=np.uint8)


def moment(*scores: Score, step: int = 7) -> Moment:
    return Moment(step, [coloured(world) for world in range(len(scores))], scores)


def labels(count: int) -> list[str]:
    return [f"world {number}" for number in range(count)]


def place(frame: np.ndarray, world: int) -> tuple[int, int]:
    """Row and column of the upper left corner of a world's picture. Fails unless the picture is there unchanged."""
    rows, columns = np.nonzero((frame == coloured(world)[0, 0]).all(-1))
    assert len(rows) == HEIGHT * WIDTH
    assert (np.ptp(rows), np.ptp(columns)) == (HEIGHT - 1, WIDTH - 1)
    return int(rows.min()), int(columns.min())


def caption(frame: np.ndarray, world: int) -> np.ndarray:
    """The text below a world's picture: all rows above the first white one."""
    row, column = place(frame, world)
    below = frame[row + HEIGHT :, column : column + WIDTH]
    return below[: int(np.argmax((below == WHITE).all((1, 2))))]


def test_a_pair_stands_side_by_side_and_pairs_fill_rows():
    frame = Scoreboard("", labels(6), 9, columns=2).frame(moment(*[NO] * 6))
    rows, columns = zip(*(place(frame, world) for world in range(6)), strict=True)
    assert len(set(rows[:4])) == 1 < len({rows[0], rows[4]}) == len(set(rows))
    assert columns[4:] == columns[:2]
    gaps = [right - left - WIDTH for left, right in pairwise(columns[:4])]
    assert 0 < gaps[0] == gaps[2] < gaps[1]
    assert (frame[rows[4] :, columns[2] :] == WHITE).all()


def test_a_pair_can_be_stacked():
    frame = Scoreboard("", labels(4), 9, pairs="stacked").frame(moment(*[NO] * 4))
    rows, columns = zip(*(place(frame, world) for world in range(4)), strict=True)
    assert len(set(columns)) == 1
    distances = np.diff(rows)
    assert HEIGHT < distances[0] == distances[2] < distances[1]


@pytest.mark.parametrize("later", [NO._replace(reward=2), NO._replace(total_reward=30), EARLIER, NOW])
def test_a_score_is_written_below_its_own_world_only(later):
    board = Scoreboard("title", labels(4), 9, columns=2)
    before, after = board.frame(moment(*[NO] * 4)), board.frame(moment(NO, NO, later, NO))
    changed = (before != after).any(-1)
    row, column = place(after, 2)
    height = len(caption(after, 2))
    assert changed[row + HEIGHT : row + HEIGHT + height, column : column + WIDTH].any()
    changed[row + HEIGHT : row + HEIGHT + height, column : column + WIDTH] = False
    assert not changed.any()


def test_the_step_is_written_above_all_pictures():
    board = Scoreboard("title", labels(2), 9)
    changed = (board.frame(moment(NO, NO)) != board.frame(moment(NO, NO, step=8))).any((1, 2))
    assert changed.any()
    assert not changed[place(board.frame(moment(NO, NO)), 0)[0] :].any()


def luminance(colour: np.ndarray) -> np.ndarray:
    """Relative luminance of an sRGB colour, as in WCAG 2."""
    part = colour / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


@pytest.mark.parametrize("score", [NO, EARLIER, NOW])
def test_text_stands_out_and_has_smooth_edges(score):
    text = caption(Scoreboard("", labels(2), 9).frame(moment(score, NO)), 0)
    tones = np.unique(text.reshape(-1, 3), axis=0)
    light, dark = luminance(tones).max(), luminance(tones).min()
    assert (light + 0.05) / (dark + 0.05) > 6
    assert len(tones) > 10


def test_success_darkens_the_background_of_the_text():
    frame = Scoreboard("", labels(4), 9, columns=2).frame(moment(NO, EARLIER, NOW, NO))
    papers = [luminance(caption(frame, world)[0, 0]) for world in range(4)]
    assert papers[0] == papers[3]
    assert papers[0] > papers[1] + 0.1
    assert papers[1] > papers[2] + 0.3


def largest_gap(text: np.ndarray) -> int:
    """The largest distance between two neighbouring columns with ink."""
    inked = np.nonzero((text != text[0, 0]).any((0, 2)))[0]
    return int(np.diff(inked).max())


def test_the_longest_text_fits_into_the_smallest_picture():
    picture = np.full((60, SMALLEST_WIDTH, 3), (250, 0, 60), dtype=np.uint8)
    score = Score(-1234.56, -123456, success_any=True)
    title = "pretrain on pick-place-v3, train task 49, 100 adaptation steps"
    frame = Scoreboard(title, ["before adaptation", "after adaptation"], 500).frame(
        Moment(500, [picture, picture], [score, score])
    )
    top, left = (int(found.min()) for found in np.nonzero((frame == picture[0, 0]).all(-1)))
    below = frame[top + 60 :, left : left + SMALLEST_WIDTH]
    below = below[: int(np.argmax((below == WHITE).all((1, 2))))]
    first_line, second_line = np.array_split(below, 2)
    assert min(map(largest_gap, (frame[:top], first_line, second_line))) > 10


def test_frames_of_odd_pictures_are_even_and_of_one_size():
    board, odd = Scoreboard("", labels(2), 500), np.zeros((61, 241, 3), dtype=np.uint8)
    sizes = {board.frame(Moment(step, [odd, odd], [NO, score])).shape for step, score in ((0, NO), (500, NOW))}
    [(height, width, _)] = sizes
    assert (height % 2, width % 2) == (0, 0)


def test_a_missing_package_is_named_before_anything_is_drawn(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.ImageFont", None)
    with pytest.raises(MissingExtraError, match=r"writing into pictures .* pip install .*\[video\]'"):
        Scoreboard("", labels(2), 9)
