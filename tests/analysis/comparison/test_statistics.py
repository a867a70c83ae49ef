import tracemalloc

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mlrun.analysis.comparison.statistics import estimate, interquartile_mean, mean, probability_of_improvement

SCORES = arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-9, 9, width=16))
GENERATOR = np.random.default_rng(3)


def scores_of(runs, tasks, seed=0):
    """Tasks of different difficulty, and noise."""
    generator = np.random.default_rng(seed)
    return generator.normal(size=(runs, tasks)) + 2 * generator.normal(size=tasks)


@pytest.mark.parametrize(
    ("scores", "middle"),
    [
        ([[1, 2], [3, 100]], 2.5),
        ([[5, 1, 2, 4, 3]], 3),  # 5 / 4 rounded down is cut at each end
        ([[0, 1, 5]], 2),  # nothing is cut of 3
        ([[8, -50], [2, 4], [6, 50], [0, 10]], 5),  # the 4 in the middle: 2, 4, 6, 8
    ],
)
def test_the_interquartile_mean_by_hand(scores, middle):
    assert interquartile_mean(np.array(scores, dtype=float)) == middle


@settings(deadline=None)
@given(SCORES)
def test_the_interquartile_mean_is_the_trimmed_mean_of_another_library(scores):
    assert interquartile_mean(scores) == pytest.approx(scipy.stats.trim_mean(scores.ravel(), 0.25))


def test_statistics_of_resamples_are_those_of_each_resample():
    scores, others = GENERATOR.normal(size=(7, 3, 5)), GENERATOR.normal(size=(7, 2, 5))
    for statistic in (mean, interquartile_mean):
        np.testing.assert_allclose(statistic(scores), [statistic(one) for one in scores])
    each = [probability_of_improvement(*both) for both in zip(scores, others, strict=True)]
    np.testing.assert_allclose(probability_of_improvement(scores, others), each)


@pytest.mark.parametrize("successes", range(21))
def test_of_zeros_and_ones_the_interquartile_mean_says_what_is_documented(successes):
    scores = np.array([[1.0] * successes + [0.0] * (20 - successes)])
    assert interquartile_mean(scores) == pytest.approx(np.clip(2 * successes / 20 - 0.5, 0, 1))


def test_the_probability_of_improvement_by_hand():
    scores, others = np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[1.0, 1.0]])
    # First task: a tie and a gain, 3/4; second task: two losses, 0.
    assert probability_of_improvement(scores, others) == 0.375


def test_all_pairs_of_runs_are_never_in_memory_at_once():
    scores = np.zeros((50, 30, 20))
    tracemalloc.start()
    probability_of_improvement(scores, scores)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * scores.nbytes


@settings(deadline=None)
@given(st.data())
def test_the_probability_of_improvement_is_mann_and_whitneys_u_per_pair(data):
    tasks = data.draw(st.integers(1, 4))
    runs, other_runs = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    elements = st.integers(0, 3).map(float)  # many ties
    scores = data.draw(arrays(float, (runs, tasks), elements=elements))
    others = data.draw(arrays(float, (other_runs, tasks), elements=elements))
    statistic = scipy.stats.mannwhitneyu(scores, others, axis=0, method="asymptotic").statistic
    improvement = probability_of_improvement(scores, others)
    assert improvement == pytest.approx((statistic / (runs * other_runs)).mean())
    assert improvement + probability_of_improvement(others, scores) == pytest.approx(1)


def of_columns(statistic):
    """A statistic of ``(runs, tasks)`` as one of a sample per task, as scipy passes them."""

    def of(*columns, axis):
        assert axis == -1
        return statistic(np.stack(columns, axis=-1))

    return of


def assert_alike(estimate, interval):
    """Two bootstraps agree up to the noise of 10,000 resamples."""
    width = interval.high - interval.low
    assert estimate.low == pytest.approx(interval.low, abs=0.04 * width)
    assert estimate.high == pytest.approx(interval.high, abs=0.04 * width)


@pytest.mark.parametrize("statistic", [mean, interquartile_mean])
@pytest.mark.parametrize(("runs", "tasks"), [(4, 6), (10, 3), (2, 20)])
def test_intervals_over_runs_are_those_of_a_stratified_bootstrap(statistic, runs, tasks):
    scores = scores_of(runs, tasks)
    [found] = estimate([statistic], [scores], "runs")
    assert found.value == statistic(scores)
    other = scipy.stats.bootstrap(
        list(scores.T), of_columns(statistic), n_resamples=10_000, vectorized=True, method="percentile", rng=1
    )
    assert_alike(found, other.confidence_interval)


def test_the_interval_of_an_improvement_over_runs_is_that_of_a_stratified_bootstrap():
    scores, others = scores_of(10, 6) + 0.5, scores_of(8, 6, seed=1)

    def improvement(*columns, axis):
        assert axis == -1
        first, second = columns[:6], columns[6:]
        return probability_of_improvement(np.stack(first, axis=-1), np.stack(second, axis=-1))

    [found] = estimate([probability_of_improvement], [scores, others], "runs")
    columns = [*scores.T, *others.T]
    other = scipy.stats.bootstrap(columns, improvement, n_resamples=10_000, vectorized=True, method="percentile", rng=1)
    assert_alike(found, other.confidence_interval)


@pytest.mark.parametrize("statistic", [mean, interquartile_mean])
def test_intervals_of_a_single_run_are_over_tasks(statistic):
    scores = scores_of(1, 30)
    [found] = estimate([statistic], [scores], "both")
    other = scipy.stats.bootstrap(
        (scores[0],),
        lambda resamples, axis: statistic(resamples[..., None, :]),
        n_resamples=10_000,
        vectorized=True,
        method="percentile",
        rng=1,
    )
    assert_alike(found, other.confidence_interval)


def test_what_is_resampled_by_hand():
    """Each extreme resample has a chance of at least 1/16, more than the 1/40 that an interval leaves out."""
    scores = np.array([[0.0, 1.0], [10.0, 11.0]])
    [over_runs] = estimate([mean], [scores], "runs")
    assert (over_runs.low, over_runs.high) == (0.5, 10.5)  # no task is left out, each has one of its runs twice
    [over_both] = estimate([mean], [scores], "both")
    assert (over_both.low, over_both.high) == (0, 11)  # one run twice, and one task of it twice


def test_tasks_are_resampled_together_in_groups_that_are_compared():
    """A gain of one on every task is sure, however hard the tasks are; drawn apart it would seem to be chance."""
    scores = scores_of(1, 20)

    def gain(ours, theirs):
        return mean(ours) - mean(theirs)

    [found] = estimate([gain], [scores + 1, scores], "both")
    assert (found.low, found.high) == (pytest.approx(1), pytest.approx(1))


@pytest.mark.parametrize("resampled", ["runs", "both"])
def test_the_same_scores_give_the_same_intervals_whatever_else_is_asked(resampled):
    scores = scores_of(3, 5)
    both = estimate([mean, interquartile_mean], [scores], resampled)
    assert both[1:] == estimate([interquartile_mean], [scores], resampled)


def test_resamples_that_do_not_fit_into_memory_at_once_are_as_many(monkeypatch):
    sizes = []

    def counting(scores):
        sizes.append(scores.shape[0] if scores.ndim == 3 else 0)
        return mean(scores)

    monkeypatch.setattr("mlrun.analysis.comparison.statistics._AT_ONCE", 60_000)
    estimate([counting], [scores_of(4, 5)], "runs")
    assert (sum(sizes), max(sizes)) == (10_000, 3000)
