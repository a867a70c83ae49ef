import pytest

from mlrun.analysis.comparison.compare import Budget, budget, compare, explanations
from mlrun.analysis.comparison.protocol import IncomparableError, evaluated
from mlrun.runs.results import read_results
from tests.run_results import REACH, RL2, SINUSOID, make_run, of_memory, report

RATE = "algorithm.inner.learning_rate=0.5"
ROWS = [
    {"iteration": 1, "examples": 80, "time": 1.5},
    {"iteration": 2, "examples": 80, "time": 2.5},
    {"iteration": 3, "examples": 80, "time": 4.0},
]


@pytest.fixture
def make(tmp_path):
    """An evaluated run, by its scores after 0, 1, ... steps."""

    def make(*settings, by_step=None, text=SINUSOID, steps=None, split="test", rows=(), **about):
        run = make_run(tmp_path, text, *settings, rows=rows)
        names = ["mse"] if text is SINUSOID else ["success_any", "success_last", "return"]
        by_step = by_step or [{name: [0.5, 1.0] for name in names}] * 2
        run.save_evaluation(report(run, by_step, split=split, **about))
        found = evaluated(read_results(run.path, tmp_path), split, about.get("shots"), steps)
        assert found is not None
        return found

    return make


def after(*errors):
    return [{"mse": [9.0] * len(errors)}, {"mse": list(errors)}]


def test_groups_have_their_scores_before_and_after(make):
    runs = [make("seed=0", by_step=after(1, 2)), make("seed=1", by_step=after(3, 6)), make(RATE, by_step=after(0, 1))]
    comparison = compare(runs)
    first, second = comparison.groups
    assert (first.before.mean.value, first.after.mean.value) == (9, 3)
    assert first.after.interquartile_mean.value == 2.5
    assert (second.after.mean.value, second.label) == (0.5, RATE)
    assert comparison.reference_scores == {"zero": 4.5}


def test_a_smaller_error_is_an_improvement(make):
    worse, better = make(by_step=after(1, 2)), make(RATE, by_step=after(0.5, 2))
    forth, back = compare([worse, better]).groups[1].improvement, compare([better, worse]).groups[1].improvement
    assert forth is not None
    assert back is not None
    assert (forth.value, back.value) == (0.75, 0.25)
    assert compare([worse, better]).groups[0].improvement is None


def test_a_greater_return_is_an_improvement(make):
    scores = {"success_any": [0.0, 1.0], "success_last": [0.0, 0.0]}
    runs = [
        make(RATE, text=REACH, by_step=[{**scores, "return": [1.0, 1.0]}, {**scores, "return": [1.0, 1.0]}]),
        make(text=REACH, by_step=[{**scores, "return": [1.0, 1.0]}, {**scores, "return": [2.0, 1.0]}]),
    ]
    improvement = compare(runs, "return").groups[1].improvement
    assert improvement is not None
    assert improvement.value == 0.75
    assert compare(runs).score == "success_any"


def test_runs_alone_are_resampled_only_where_there_are_several(make):
    pair = [make("seed=0"), make("seed=1")]
    assert compare(pair).resampled == "both"
    assert compare(pair, resampled="runs").resampled == "runs"
    with pytest.raises(IncomparableError, match="need several seeds"):
        compare([*pair, make(RATE)], resampled="runs")


def test_what_differs_beside_the_label_is_told(make):
    runs = [make(), make("algorithm.name=maml", "algorithm.outer={name: adam}", RATE)]
    comparison = compare(runs)
    assert [group.label for group in comparison.groups] == ["algorithm.name=reptile", "algorithm.name=maml"]
    # The keys of either outer loop go with the name of the algorithm.
    assert comparison.other_differences == ["algorithm.inner.learning_rate"]


def test_a_longer_evaluation_can_be_compared_after_fewer_steps(make):
    longer = [{"mse": [error, error]} for error in (9.0, 5.0, 1.0)]
    with pytest.raises(IncomparableError, match=r"in different ways: steps is 1 in .* and 2 in "):
        compare([make(), make("algorithm.inner.steps=2", by_step=longer)])
    runs = [make(steps=1), make("algorithm.inner.steps=2", by_step=longer, steps=1)]
    assert compare(runs).groups[1].after.mean.value == 5


def returns(*means):
    return [{"success_any": [0.5, 0.5], "success_last": [0.5, 0.5], "return": [mean, mean]} for mean in means]


@pytest.fixture
def with_memory(make):
    """An evaluated run of a learner with a memory, by its mean return after 0, 1, ... episodes."""
    return lambda *settings, means=(1.0, 2.0, 3.0), **about: make(
        *settings, text=RL2, by_step=returns(*means), **of_memory(returns(*means)), **about
    )


def test_a_memory_is_compared_with_others_after_the_last_step_of_each(make, with_memory):
    maml = make(text=REACH, by_step=returns(1.0, 5.0), data_by_step=[0, 10])
    older = make("algorithm.inner.learning_rate=0.5", text=REACH, by_step=returns(1.0, 6.0))
    comparison = compare([with_memory(), maml, older], "return")
    assert comparison.protocol == {
        "benchmark": "ml1/reach-v3",
        "split": "test",
        "tasks": 2,
        "horizon": 500,
        "steps": None,
    }
    assert [group.adapted_to for group in comparison.groups] == [2, 10, 10]
    assert [group.after.mean.value for group in comparison.groups] == [3, 5, 6]
    assert any("first episode" in line for line in explanations(comparison, "rl2"))
    assert not any("first episode" in line for line in explanations(compare([maml, older]), "maml"))


def test_memories_that_were_evaluated_alike_have_a_protocol(with_memory):
    comparison = compare([with_memory(), with_memory("algorithm.memory.cell=lstm")], "return")
    assert comparison.protocol["data_by_step"] == [0, 1, 2]
    assert (comparison.protocol["steps"], comparison.protocol["episodes"]) == (2, 10)
    shorter = [with_memory(steps=1), with_memory("algorithm.memory.cell=lstm", means=(1.0, 2.0))]
    assert compare(shorter).protocol["data_by_step"] == [0, 1]


def test_runs_of_one_experiment_must_have_adapted_to_the_same_also_with_a_memory(make, with_memory):
    maml = make(text=REACH, by_step=returns(1.0, 5.0))
    with pytest.raises(IncomparableError, match=r"in different ways: episodes is 10 in .* and 4 in"):
        compare([maml, with_memory(), with_memory("seed=1", episodes=4)])
    with pytest.raises(IncomparableError, match=r"in different ways: horizon is 500 in .* and 150 in"):
        compare([maml, with_memory(horizon=150)])


def test_training_may_draw_other_pairs_of_the_same_tasks(with_memory, make):
    recombined = with_memory("benchmark.recombine=true")
    assert recombined.experiment.benchmark.recombine
    assert len(compare([make(text=REACH, by_step=returns(1.0, 5.0)), recombined]).groups) == 2


def test_runs_on_different_benchmarks_are_refused(make):
    with pytest.raises(IncomparableError, match=r"different benchmarks: benchmark.seed is 0 in \S+ and 1 in \S+$"):
        compare([make(), make("benchmark.seed=1")])
    with pytest.raises(IncomparableError, match=r"benchmark.name is sinusoid in \S+ and ml1/reach-v3 in \S+$"):
        compare([make(), make(text=REACH)])


@pytest.mark.parametrize(
    ("about", "said"), [({"shots": 20}, "shots is 10 in"), ({"split": "train"}, "split is test in")]
)
def test_runs_evaluated_in_different_ways_are_refused(make, about, said):
    with pytest.raises(IncomparableError, match=said):
        compare([make(), make("seed=1", **about)])


def test_runs_evaluated_on_other_tasks_of_the_same_number_are_refused(make):
    mine, other = make(), make("seed=1")
    other.report["per_task"][1]["parameters"] = [7.0]
    with pytest.raises(IncomparableError, match="different tasks"):
        compare([mine, other])


def test_a_repetition_is_not_taken_for_further_evidence(make):
    runs = [make("seed=4"), make("seed=3"), make("seed=4", "name=again")]
    with pytest.raises(IncomparableError, match="one experiment with one seed, 4"):
        compare(runs)


def test_a_score_that_there_is_not_is_answered_with_those_there_are(make):
    with pytest.raises(IncomparableError, match="no score 'reward'; there are: success_any, success_last, return"):
        compare([make(text=REACH)], "reward")


def test_the_budget_is_all_that_was_collected_and_the_time_on_the_clock(make):
    run = make(rows=ROWS).results
    assert budget(run) == Budget("examples", 240, 4.0)
    groups = compare([make("seed=1", rows=ROWS[:1]), make("seed=2", rows=ROWS)]).groups
    assert (groups[0].budget.samples, groups[0].budget.seconds) == (160, 2.75)


def test_a_run_that_has_not_begun_has_taken_nothing(make):
    assert budget(make().results) == Budget(None, 0, 0)


def test_rows_without_a_number_cost_nothing(make):
    damaged = [{"iteration": 4, "examples": None, "time": "soon"}, {"iteration": 5, "examples": 10**400}]
    assert budget(make(rows=ROWS + damaged).results) == Budget("examples", 240, 4.0)
