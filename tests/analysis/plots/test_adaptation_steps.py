import numpy as np
import pytest

from mlrun.analysis.plots import adaptation_steps
from mlrun.analysis.plots.style import GREY
from tests.analysis.plots.conftest import AFTER, BEFORE, points
from tests.run_results import RL2, of_memory


def bars(container):
    """Lower and upper ends of the bars of a line."""
    [found] = container[2]
    return [segment[:, 1].tolist() for segment in found.get_segments()]


def test_lines_and_bars_are_the_means_and_intervals_of_the_evaluation(make):
    run = make()
    figure = adaptation_steps.draw([run])
    for axes, name in zip(figure.axes, ("return", "success_any", "success_last"), strict=True):
        stored = [step[name] for step in run.evaluation()["by_step"]]
        [container] = axes.containers
        assert points(container[0]) == [[step, score["mean"]] for step, score in enumerate(stored)]
        assert np.array(bars(container)) == pytest.approx(np.array([[step["low"], step["high"]] for step in stored]))
    assert [axes.get_ylim() for axes in figure.axes[1:]] == [(0, 1)] * 2


def test_reference_scores_are_labelled_lines(make):
    references = {"expert": {"return": 9.5, "success_any": 1.0}, "blind": {"return": 5.0, "success_any": None}}
    returns, success, _ = adaptation_steps.draw([make(floors=references)]).axes

    def drawn(axes):
        heights = [line.get_ydata()[0] for line in axes.lines if line.get_color() == GREY]
        return dict(zip((text.get_text() for text in axes.texts), heights, strict=True))

    assert drawn(returns) == {"expert": 9.5, "blind": 5.0}
    assert drawn(success) == {"expert": 1.0}


def test_every_run_has_a_line_and_every_experiment_a_name(make):
    runs = [make("seed=1"), make("seed=2"), make("algorithm.name=fomaml", by_step=(BEFORE, AFTER, AFTER), steps=2)]
    returns = adaptation_steps.draw(runs).axes[0]
    lines = [container[0] for container in returns.containers]
    assert [len(line.get_xdata()) for line in lines] == [2, 2, 3]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    assert len({line.get_xdata()[0] for line in lines}) == 3  # beside, not behind, each other
    assert [text.get_text() for text in returns.texts] == ["zero", "maml", "fomaml"]


def test_without_adaptation_there_is_one_step_and_no_data_for_it(make):
    figure = adaptation_steps.draw([make(by_step=(BEFORE,), steps=0)])
    figure.draw_without_rendering()
    low, high = figure.axes[-1].get_xlim()
    assert [tick for tick in figure.axes[-1].get_xticks() if low <= tick <= high] == [0]
    assert figure.get_supxlabel() == "Bars: 95% bootstrap intervals over 4 test tasks."


def test_a_run_that_was_not_evaluated_on_test_tasks_is_not_drawn(make):
    reason = adaptation_steps.why_not(make(split="train"))
    assert reason is not None
    assert "mlrun eval" in reason
    assert adaptation_steps.why_not(make()) is None


def test_with_a_memory_the_axis_is_that_of_episodes(make):
    steps = (BEFORE, BEFORE, AFTER)
    rl2 = make(text=RL2, by_step=steps, **of_memory(steps))
    figure = adaptation_steps.draw([rl2, make()])
    lines = [container[0] for container in figure.axes[0].containers]
    assert [np.round(line.get_xdata()).tolist() for line in lines] == [[0, 1, 2], [0, 10]]
    assert figure.axes[-1].get_xlabel() == "adaptation episodes"
    said = " ".join(figure.get_supxlabel().split())
    assert "over 4 test tasks, means of 10 trials or 4 test tasks, 10 episodes per step." in said
    assert adaptation_steps.draw([make()]).axes[-1].get_xlabel() == "adaptation steps"
