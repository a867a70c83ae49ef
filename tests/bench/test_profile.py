import pytest

from mlrun.bench.profile import step_profile
from mlrun.benchmarks.metaworld.ml1 import ML1


@pytest.mark.parametrize("problem", ["reach-v3", "push-v3", "pick-place-v3"])
def test_every_part_of_a_step_takes_some_of_it(problem):
    profile = step_profile(ML1(problem), num_worlds=2, num_threads=1, seconds=0.0)
    assert sum(profile["shares"].values()) == pytest.approx(1)
    assert all(0 < share < 1 for share in profile["shares"].values())
