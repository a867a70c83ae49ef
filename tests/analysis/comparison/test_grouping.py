import pytest

from mlrun.analysis.comparison.grouping import differences, distinguishing_keys, group_runs, label, settings
from mlrun.runs.results import read_results
from tests.run_results import REACH, make_run


@pytest.fixture
def results(tmp_path):
    """Results of new runs, each with overrides of its own."""

    def make(*overrides, text=REACH):
        return [read_results(make_run(tmp_path, text, *each).path, tmp_path) for each in overrides]

    return make


def labels(runs):
    every = [settings(run.experiment) for run in runs]
    return [label(one, distinguishing_keys(every)) for one in every]


def test_runs_are_together_whatever_does_not_decide_how_they_turn_out(results):
    without_effect = ["name=other", "device=cpu", "threads=1", "training.checkpoint_every=7"]
    runs = results(["seed=2"], ["seed=0", *without_effect], ["seed=1", "training.keep_checkpoints=1"])
    [group] = group_runs(runs)
    assert [run.experiment.seed for run in group] == [0, 1, 2]


@pytest.mark.parametrize(
    "setting",
    [
        "algorithm.inner.learning_rate=0.05",
        "training.iterations=4",
        "training.evaluate_every=1",
        "policy.hidden_sizes=[32]",
        "evaluation.episodes=5",
        "benchmark.seed=1",
    ],
)
def test_runs_are_apart_where_anything_else_differs(results, setting):
    runs = results([], [setting], [])
    assert [len(group) for group in group_runs(runs)] == [2, 1]
    default, other = differences([settings(run.experiment) for run in runs[:2]])
    assert default.keys() == other.keys() == {setting.partition("=")[0]}


def test_experiments_come_in_the_order_in_which_their_first_runs_were_given(results):
    runs = results(["algorithm.name=fomaml"], ["algorithm.name=anil"], ["algorithm.name=fomaml", "seed=1"], [])
    names = [group[0].experiment.algorithm.name for group in group_runs(runs)]
    assert names == ["fomaml", "anil", "maml"]


def test_a_label_is_what_tells_an_experiment_from_the_others(results):
    rates = [["algorithm.inner.learning_rate=0.05"], ["algorithm.inner.learning_rate=0.2"]]
    assert labels(results(*rates)) == ["algorithm.inner.learning_rate=0.05", "algorithm.inner.learning_rate=0.2"]


def test_an_algorithm_is_named_before_what_it_takes(results):
    runs = results(["policy.hidden_sizes=[8]"], ["policy.hidden_sizes=[9]", "algorithm.name=anil"])
    assert labels(runs) == ["algorithm.name=maml", "algorithm.name=anil"]
    grid = results(
        *(
            [f"algorithm.name={name}", f"algorithm.inner.learning_rate={rate}"]
            for name in ("maml", "anil")
            for rate in (1, 2)
        )
    )
    assert labels(grid)[1:3] == [
        "algorithm.name=maml algorithm.inner.learning_rate=2.0",
        "algorithm.name=anil algorithm.inner.learning_rate=1.0",
    ]


def test_a_single_experiment_is_labelled_by_its_algorithm(results):
    assert labels(results([])) == ["algorithm.name=maml"]


def test_a_setting_that_only_some_have_stays_missing(results):
    reptile = REACH.replace("maml", "reptile")
    runs = [*results([]), *results([], text=reptile)]
    maml, other = differences([settings(run.experiment) for run in runs])
    assert maml["algorithm.outer.max_kl"] == 0.01
    assert "algorithm.outer.max_kl" not in other
    assert other["algorithm.outer.decay_iterations"] is None
    assert "algorithm.outer.decay_iterations" not in maml
