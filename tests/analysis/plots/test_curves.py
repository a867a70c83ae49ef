import numpy as np
import pytest

from mlrun.analysis.plots.curves import curve


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
