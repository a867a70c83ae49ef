import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import StepPatch

from mlrun.analysis.plots import time_split

ROWS = [
    {"iteration": 1, "time/collect": 2.0, "time/update": 1.0, "time": 3.0},
    {"iteration": 2, "time/collect": 3.0, "time/update": 1.0, "time": 8.0},
]


def stairs_of(axes: Axes) -> list[StepPatch]:
    return [patch for patch in axes.patches if isinstance(patch, StepPatch)]


def test_a_run_s_iterations_are_stacked_from_collecting_to_evaluating(make):
    axes = time_split.draw([make(rows=ROWS)]).axes[0]
    tops = {stairs.get_label(): stairs.get_data()[0].tolist() for stairs in stairs_of(axes)}
    bottoms = {stairs.get_label(): np.asarray(stairs.get_data()[2]).tolist() for stairs in stairs_of(axes)}
    assert tops == {"collect": [2, 3], "update": [3, 4], "evaluate": [3, 5]}
    assert bottoms == {"collect": [0, 0], "update": [2, 3], "evaluate": [3, 4]}
    assert [text.get_text() for text in axes.texts] == ["collect 2.5 s", "update 1 s", "evaluate 0.5 s"]


def test_of_several_runs_the_means_are_beside_each_other(make):
    fast = [{**row, "time/collect": 1.0, "time": 2.0 * row["iteration"]} for row in ROWS]
    runs = [make("seed=1", rows=ROWS), make("seed=2", rows=fast), make("algorithm.name=fomaml", rows=ROWS)]
    figure = time_split.draw(runs)
    axes = figure.axes[0]
    assert "over all iterations of 1 to 2 runs;" in " ".join(figure.get_supxlabel().split())
    collect, update, evaluate = ([bar.get_width() for bar in bars] for bars in axes.containers)
    assert (collect, update, evaluate) == ([1.75, 2.5], [1, 1], [0.25, 0.5])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["maml", "fomaml"]


def test_short_times_are_in_milliseconds(make):
    rows = [{"iteration": i, "time/collect": 0.002, "time/update": 0.001, "time": 0.003 * i} for i in (1, 2)]
    axes = time_split.draw([make(rows=rows)]).axes[0]
    assert axes.get_ylabel() == "time per iteration (ms)"
    assert stairs_of(axes)[0].get_data()[0] == pytest.approx([2, 2])


def test_a_single_iteration_is_a_bar(make):
    axes = time_split.draw([make(rows=ROWS[1:])]).axes[0]
    assert [bars[0].get_width() for bars in axes.containers] == [3, 1, 4]


def test_many_iterations_are_averaged(make):
    rows = [{"iteration": i, "time/collect": i % 10, "time/update": 1.0, "time": 10.0 * i} for i in range(1, 1201)]
    axes = time_split.draw([make(rows=rows)]).axes[0]
    assert stairs_of(axes)[0].get_data()[0] == pytest.approx([4.5] * 120)


def test_a_run_without_times_is_not_drawn(make):
    assert time_split.why_not(make(rows=[])) == "no iteration was timed"


def test_an_iteration_whose_time_is_damaged_is_not_drawn(make):
    run = make(rows=ROWS)
    run.metrics[1]["time"] = float("inf")
    assert [bars[0].get_width() for bars in time_split.draw([run]).axes[0].containers] == [2, 1, 0]
