import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from mlrun.analysis.plots import learning_curves
from mlrun.analysis.plots.learning_curves import curve
from mlrun.analysis.plots.style import BLUE, VERMILLION
from mlrun.runs.directory import RunDirectory
from mlrun.runs.results import read_results
from tests.analysis.plots.conftest import ROWS, points


def curves(axes: Axes, colour: str, *, marked: bool) -> list:
    """The lines of a colour, those of evaluations or those of batches."""
    lines = [line for line in axes.lines if line.get_color() == colour]
    return [points(line) for line in lines if (line.get_marker() != "None") == marked]


def texts(figure: Figure) -> str:
    found = (text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))
    return " ".join(" ".join(found).split())


def test_one_run_is_drawn_as_its_metrics_are(make):
    figure = learning_curves.draw([make()])
    returns, success = figure.axes
    assert returns.get_ylabel() == "return"
    assert curves(returns, BLUE, marked=True) == [[[1, 21], [2, 42], [3, 63]]]
    assert curves(returns, BLUE, marked=False) == [[[1, 20], [2, 40], [3, 60]]]
    assert curves(returns, VERMILLION, marked=True) == [[[1, 11], [2, 22], [3, 33]]]
    assert curves(returns, VERMILLION, marked=False) == [[[1, 10], [2, 20], [3, 30]]]
    assert success.get_ylim() == (0, 1)
    assert not curves(success, BLUE, marked=True)
    assert not returns.collections  # a single run has no range to show
    assert success.get_xlabel() == "meta-iterations"


def test_seeds_are_averaged_with_their_range(make):
    doubled = [{**row, "eval/post/return": 2 * row["eval/post/return"]} for row in make().metrics]
    figure = learning_curves.draw([make("seed=1"), make("seed=2", rows=doubled)])
    assert curves(figure.axes[0], BLUE, marked=True) == [[[1, 31.5], [2, 63], [3, 94.5]]]
    *_, bars = [found for found in figure.axes[0].collections if isinstance(found, LineCollection)]
    assert [np.asarray(bar)[:, 1].tolist() for bar in bars.get_segments()] == [[21, 42], [42, 84], [63, 126]]
    assert "Means of 2 runs" in texts(figure)


def test_experiments_are_drawn_by_samples_in_two_columns(make):
    half = [{**row, "env_steps": 500} for row in make().metrics]
    figure = learning_curves.draw([make(), make("algorithm.name=fomaml", rows=half)])
    before, after = figure.axes[:2]
    assert (before.get_title(loc="left"), after.get_title(loc="left")) == ("before", "after")
    assert [points(line) for line in before.lines] == [
        [[1000, 11], [2000, 22], [3000, 33]],
        [[500, 11], [1000, 22], [1500, 33]],
    ]
    assert [[y for _, y in points(line)] for line in after.lines] == [[21, 42, 63]] * 2
    assert [text.get_text() for text in after.texts] == ["maml", "fomaml"]
    assert figure.axes[-1].get_xlabel() == "environment steps\n(thousands)"


def test_an_experiment_that_has_not_been_evaluated_yet_is_shown_by_its_batches(make):
    rows = [{key: value for key, value in row.items() if "eval" not in key} for row in make().metrics]
    figure = learning_curves.draw([make(), make("algorithm.name=fomaml", rows=rows)])
    assert [[y for _, y in points(line)] for line in figure.axes[1].lines] == [[21, 42, 63], [20, 40, 60]]


def test_the_caption_says_what_is_drawn_and_nothing_else(make):
    rows = [{key: value for key, value in row.items() if "success" not in key} for row in ROWS]
    one, again, other = (make(setting, rows=rows) for setting in ("seed=1", "seed=2", "algorithm.name=fomaml"))
    without = [{key: value for key, value in row.items() if "eval" not in key} for row in rows]
    new, newer = make("seed=1", rows=without), make("seed=2", rows=without)
    markers = "Markers: evaluations on training tasks, without exploration."
    lines, both = "Thin lines: each iteration's batch, exploring.", "Before and after adaptation."
    for runs, said in (
        ([one], [markers, lines]),
        ([one, again], [markers, lines, "Means of 2 runs; shades and bars: lowest to highest."]),
        ([one, other], [both, markers]),
        ([one, again, other], [both, markers, "Means of 1 to 2 runs; bars: lowest to highest."]),
        ([new], [lines]),
        ([new, newer], [lines, "Means of 2 runs; shades: lowest to highest."]),
        ([new, other], [both, markers, lines]),
    ):
        assert " ".join(learning_curves.draw(runs).get_supxlabel().split()) == " ".join(said)


@pytest.mark.parametrize("count", [0, 1])
def test_a_curve_takes_two_iterations(make, count):
    reason = learning_curves.why_not(make(rows=make().metrics[:count]))
    assert reason is not None
    assert reason.endswith(f"it has {count}")
    assert learning_curves.why_not(make()) is None


def test_a_run_that_is_not_at_its_end_is_named(make, tmp_path):
    run = make("training.iterations=40")
    with RunDirectory.open(str(run.path), tmp_path).training():
        running = read_results(run.path, tmp_path)
    figure = learning_curves.draw([running])
    assert f"{run.id} is running at iteration 3 of 40." in texts(figure)
    assert run.id not in texts(learning_curves.draw([run]))


def rows(*values):
    return [{"iteration": i, "a": value, "env_steps": 100} for i, value in enumerate(values, start=1)]


def test_a_curve_is_the_mean_and_the_range_of_the_runs_where_all_have_numbers(make):
    first = make("seed=1", rows=rows(1.0, 2.0, 3.0, 4.0), by_step=())
    second = make("seed=2", rows=rows(3.0, float("nan"), 9.0), by_step=())
    found = curve([first, second], "a", None)
    assert found is not None
    assert found.x.tolist() == [1, 3]
    assert (found.mean.tolist(), found.low.tolist(), found.high.tolist()) == ([2, 6], [1, 3], [3, 9])
    assert found.end == (3, 6)


def test_a_curve_along_samples_counts_those_of_all_iterations(make):
    found = curve([make(rows=rows(1.0, float("nan"), 3.0), by_step=())], "a", "env_steps")
    assert found is not None
    assert found.x.tolist() == [100, 300]


@pytest.mark.parametrize("given", [[], rows(float("nan"))])
def test_there_is_no_curve_without_numbers(make, given):
    assert curve([make(rows=given, by_step=())], "a", None) is None


def test_a_long_curve_is_averaged_in_stretches(make):
    found = curve([make(rows=rows(*range(1200)), by_step=())], "a", None)
    assert found is not None
    assert found.mean == pytest.approx(np.arange(120) * 10 + 4.5)
    assert found.x == pytest.approx(np.arange(120) * 10 + 5.5)


def test_what_is_damaged_is_left_out(make):
    given = [{"iteration": 1, "a": 1.0, "env_steps": None}, {"iteration": 2, "a": 10**400, "env_steps": 100}]
    found = curve([make(rows=[*given, {"iteration": 3, "a": 2.0, "env_steps": 100}], by_step=())], "a", "env_steps")
    assert found is not None
    assert (found.x.tolist(), found.mean.tolist()) == ([0, 200], [1, 2])
