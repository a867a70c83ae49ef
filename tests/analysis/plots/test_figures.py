"""Tests that every figure has to pass."""

from importlib import import_module
from itertools import combinations

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from mlrun.analysis.plots import FIGURES
from mlrun.analysis.plots.writing import save

HIGH = {"return": 9.5, "success_any": 1.0, "success_last": 1.0}
LOW = {"return": 2.0, "success_any": 0.0, "success_last": 0.0}
REFERENCES = {"straight to the goal": HIGH, "goal-blind expert": LOW, "sweep": LOW}


@pytest.fixture
def drawn(make):
    """Draws a figure of one run, or of several experiments with seeds."""

    def drawn(name, several):
        runs = [make("seed=1", floors=REFERENCES)]
        if several:
            others = ("algorithm.name=fomaml", "algorithm.name=meta-sgd", "algorithm.inner.learning_rate=0.5")
            runs += [make(setting, floors=REFERENCES) for setting in ("seed=2", *others)]
        return import_module(f"mlrun.analysis.plots.{name}").draw(runs)

    return drawn


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_cut_off_or_over_another(drawn, monkeypatch, name, several):
    figure = drawn(name, several)
    shown = set()
    draw = Text.draw
    monkeypatch.setattr(Text, "draw", lambda text, *rest: (shown.add(text), draw(text, *rest)))
    FigureCanvasAgg(figure).draw()
    boxes = {text: Text.get_window_extent(text).padded(-1) for text in shown if text.get_text() and text.get_visible()}
    assert boxes
    for text, box in boxes.items():
        assert figure.bbox.contains(box.x0, box.y0), text
        assert figure.bbox.contains(box.x1, box.y1), text
    for (one, mine), (other, its) in combinations(boxes.items(), 2):
        assert not mine.overlaps(its), (one, other)


@pytest.mark.parametrize("name", ["learning_curves", "adaptation_steps", "time_split"])
def test_notes_on_many_runs_take_no_room_from_the_panels(drawn, monkeypatch, name):
    heights = []
    for note in ("", "A run is interrupted at iteration 3 of 40. " * 8):
        monkeypatch.setattr(f"mlrun.analysis.plots.{name}.unfinished_note", lambda runs, note=note: note)
        figure = drawn(name, False)
        figure.draw_without_rendering()
        heights.append(figure.axes[0].bbox.height)
    assert heights[0] == pytest.approx(heights[1], rel=0.02)


@pytest.mark.parametrize("kind", ["png", "svg"])
@pytest.mark.parametrize("name", FIGURES)
def test_the_same_runs_give_the_same_bytes_whatever_the_user_s_style(drawn, tmp_path, name, kind):
    path = tmp_path / f"a.{kind}"
    contents = []
    for font_size in (8, 30):
        with matplotlib.rc_context({"font.size": font_size, "svg.hashsalt": str(font_size)}):
            save(drawn(name, False), path)
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    assert matplotlib.__version__.encode() not in contents[0]
    assert b"dc:date" not in contents[0]
