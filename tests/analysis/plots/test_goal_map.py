import itertools
import re

import numpy as np
import pytest

from mlrun.analysis.plots import goal_map
from mlrun.analysis.plots.goal_map import ALWAYS, NEVER, OUTCOME_LOOKS, SOMETIMES
from mlrun.analysis.plots.style import LIGHT
from mlrun.analysis.plots.writing import write_figure
from tests.analysis.plots.conftest import AFTER, BEFORE, GOALS, points
from tests.run_results import RL2, SINUSOID, of_memory

PUSH = "{benchmark: {name: ml1/push-v3}, algorithm: {name: maml}, training: {iterations: 3}}"
NAVIGATION = "{benchmark: {name: navigation2d}, algorithm: {name: maml}, training: {iterations: 3}}"


def goals(axes):
    """Where the goals of each kind are drawn."""
    kinds = {look.marker: kind for kind, look in OUTCOME_LOOKS.items()}
    return {kinds[line.get_marker()]: points(line) for line in axes.lines if line.get_marker() in kinds}


def darkness(axes):
    """How dark the tasks of a panel are."""
    return -np.asarray(axes.collections[0].get_facecolor())[:, :3].sum(axis=1)


def test_every_goal_is_at_its_place_with_the_marker_of_its_outcome(make):
    before, after, *side = goal_map.draw([make()]).axes
    top = [goal[3:5] for goal in GOALS]
    assert goals(before) == {ALWAYS: top[:1], SOMETIMES: top[1:2], NEVER: top[2:]}
    assert goals(after) == {ALWAYS: [top[0], top[3]], SOMETIMES: top[1:2], NEVER: top[2:3]}
    assert sorted(itertools.chain(*goals(side[1]).values())) == sorted([goal[3], goal[5]] for goal in GOALS)
    assert before.get_title(loc="left") == "before: 25%"
    assert after.get_title(loc="left") == "after 1 step: 50%"


def test_of_several_runs_a_goal_counts_as_reached_if_all_reach_it(make):
    worse = {**AFTER, "success_last": [0.0, 0.0, 0.0, 0.0], "success_any": [0.0, 0.0, 0.0, 0.0]}
    after = goal_map.draw([make("seed=1"), make("seed=2", by_step=(BEFORE, worse))]).axes[1]
    assert {kind: len(found) for kind, found in goals(after).items()} == {ALWAYS: 0, SOMETIMES: 3, NEVER: 1}


def test_without_adaptation_there_is_one_panel_of_each_view(make):
    alone = make(by_step=(BEFORE,))
    top, side = goal_map.draw([alone]).axes
    assert top.get_title(loc="left") == "before adaptation: 25%"
    assert len(goals(side)[NEVER]) == 2
    titles = [axes.get_title(loc="left") for axes in goal_map.draw([alone, make("algorithm.name=fomaml")]).axes]
    assert titles == ["before adaptation: 25%", "", "before: 25%", "after 1 step: 50%", "", ""]


@pytest.mark.parametrize(
    ("seeds", "label", "caption"),
    [
        (1, "success, but not at the last step", "Percentages: success at the last step."),
        (2, "some success", "means of 2 runs. Some success: in some runs only, or not at the last step."),
    ],
)
def test_the_marks_are_explained_for_one_run_and_for_several(make, seeds, label, caption):
    figure = goal_map.draw([make(f"seed={seed}") for seed in range(seeds)])
    assert [text.get_text() for text in figure.legends[0].get_texts()][1] == label
    assert " ".join(figure.get_supxlabel().split()).endswith(caption)


@pytest.mark.parametrize(
    ("seeds", "trials", "label", "caption"),
    [
        (1, 1, "no success", "success at the last step."),
        (1, 4, "no success in any trial", "Some success: in some trials only, or not at the last step."),
        (2, 4, "no success in any run or trial", "in some runs or trials only, or not at the last step."),
    ],
)
def test_the_trials_of_a_memory_are_told_as_runs_are(make, seeds, trials, label, caption):
    steps, some = (
        (BEFORE, AFTER),
        {**AFTER, "success_any": [1.0, 0.25, 0.0, 1.0], "success_last": [1.0, 0.25, 0.0, 0.75]},
    )
    runs = [
        make(f"seed={seed}", text=RL2, by_step=(BEFORE, some), episodes=trials, **of_memory(steps))
        for seed in range(seeds)
    ]
    figure = goal_map.draw(runs)
    assert [text.get_text() for text in figure.legends[0].get_texts()][2] == label
    assert " ".join(figure.get_supxlabel().split()).endswith(caption)
    assert {kind: len(found) for kind, found in goals(figure.axes[1]).items()} == {ALWAYS: 1, SOMETIMES: 2, NEVER: 1}


def test_of_push_the_puck_s_start_is_joined_to_its_goal(make):
    axes = goal_map.draw([make(text=PUSH)]).axes[0]
    lines = [points(line) for line in axes.lines if line.get_color() == LIGHT]
    assert lines == [[goal[:2], goal[3:5]] for goal in GOALS]


def test_each_experiment_has_its_own_row_with_its_name(make):
    figure = goal_map.draw([make(text=PUSH), make("algorithm.name=fomaml", text=PUSH)])
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [["maml"], [], ["fomaml"], []]


def test_maps_are_to_scale(make):
    figure = goal_map.draw([make()])
    for axes in figure.axes:
        box = axes.get_window_extent()
        metres = np.ptp(axes.get_xlim()) / box.width, np.ptp(axes.get_ylim()) / box.height
        assert metres[0] == pytest.approx(metres[1])


def test_sine_waves_are_coloured_by_their_error(make):
    scores = [{"mse": [4.0, 1.0]}, {"mse": [0.5, 0.25]}]
    figure = goal_map.draw([make(text=SINUSOID, by_step=scores, places=[[5.0, 0.5], [1.0, 3.0]])])
    before, after, bar = figure.axes
    assert np.asarray(before.collections[0].get_offsets()).tolist() == [[0.5, 5.0], [3.0, 1.0]]
    assert bar.get_xlim() == pytest.approx((0.25, 4))
    assert (np.diff([*darkness(before), *darkness(after)]) < 0).all()


def test_navigation_is_coloured_by_its_return(make):
    figure = goal_map.draw([make(text=NAVIGATION, places=[[0.1 * i, -0.1] for i in range(4)])])
    assert figure.axes[1].get_title(loc="left") == "after 1 step: 7.5"
    assert (np.diff(darkness(figure.axes[0])) > 0).all()


def test_the_colours_of_several_runs_are_means(make):
    places = [[0.1 * i, -0.1] for i in range(4)]
    figure = goal_map.draw([make(f"seed={seed}", text=NAVIGATION, places=places) for seed in (1, 2)])
    assert figure.get_supxlabel() == "Numbers and colours: means of 2 runs. Darker is worse."


def test_a_run_without_an_evaluation_is_not_drawn(make):
    assert "mlrun eval" in str(goal_map.why_not(make(by_step=())))


@pytest.mark.parametrize("errors", [[0.0, 1.0], [0.0, 0.0]])
def test_an_error_of_zero_has_a_colour_too(make, errors):
    figure = goal_map.draw([make(text=SINUSOID, by_step=[{"mse": errors}] * 2, places=[[5.0, 0.5], [1.0, 3.0]])])
    figure.draw_without_rendering()
    assert darkness(figure.axes[0])[0] <= darkness(figure.axes[0])[1]


def test_a_run_that_does_not_say_where_its_tasks_lie_is_not_drawn(make):
    assert "more parameters than the 2" in str(goal_map.why_not(make(places=[[0.1, 0.2]] * 4)))


def test_runs_evaluated_in_different_ways_are_not_averaged(make, tmp_path):
    runs = [make("seed=1"), make("seed=2", episodes=3)]
    written = write_figure("goal_map", runs, tmp_path / "plots", ["svg"])
    assert written.paths == []
    assert len(written.notes) == 1
    assert re.search("goal_map is not drawn: .* different ways: episodes is 10 in .* and 3 in", written.notes[0])


@pytest.mark.parametrize(("best", "said"), [(2, True), (3, False)])
def test_a_checkpoint_that_is_not_the_best_is_named(make, best, said):
    run = make()
    checkpoints = run.path / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    (checkpoints / f"{best}.pt").touch()
    (checkpoints / "best").symlink_to(f"{best}.pt")
    text = " ".join(goal_map.draw([run]).get_supxlabel().split())
    assert ("is shown at checkpoint 3, its best is 2" in text) is said
