from cProfile import Profile
from functools import wraps

import pytest

from mlrun.bench.profile import seconds_in, step_profile
from mlrun.benchmarks.ml1.benchmark import ML1


def inner():
    return sum(range(1000))


def outer():
    return inner()


@wraps(outer)
def wrapped():
    return outer()


def test_what_a_function_calls_is_counted_with_it():
    with Profile() as profile:
        wrapped()
    assert seconds_in(profile, outer) >= seconds_in(profile, inner) > 0
    assert seconds_in(profile, wrapped) == seconds_in(profile, outer)
    assert seconds_in(profile, test_what_a_function_calls_is_counted_with_it) == 0


@pytest.mark.parametrize("problem", ["reach-v3", "push-v3", "pick-place-v3"])
def test_every_part_of_a_step_takes_some_of_it(problem):
    profile = step_profile(ML1(problem), num_worlds=2, num_threads=1, seconds=0.0)
    assert sum(profile["shares"].values()) == pytest.approx(1)
    assert all(0 < share < 1 for share in profile["shares"].values())
