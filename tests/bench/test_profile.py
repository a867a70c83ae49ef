import time

import pytest

from mlrun.bench.profile import Stopwatch, step_profile
from mlrun.benchmarks.metaworld.ml1 import ML1


@pytest.mark.parametrize("family", ["reach-v3", "push-v3", "pick-place-v3"])
def test_every_part_of_a_step_takes_some_time(family):
    profile = step_profile(ML1(family), num_worlds=2, num_threads=1, seconds=0.0)
    assert sum(profile["shares"].values()) == pytest.approx(1)
    assert all(0 < share < 1 for share in profile["shares"].values())


class Worker:
    def inner(self) -> int:
        time.sleep(0.01)
        return 1

    def outer(self) -> int:
        return self.inner() + self.inner()

    def fail(self) -> None:
        raise ValueError("of its own")


def test_the_stopwatch_counts_what_a_function_calls() -> None:
    worker = Worker()
    watch = Stopwatch({"inner": (worker, "inner"), "outer": (Worker, "outer")})
    worker.outer()
    assert watch.seconds == {"inner": 0, "outer": 0}
    with watch.running():
        assert worker.outer() == 2
    assert watch.seconds["outer"] >= watch.seconds["inner"] >= 0.02


def test_the_stopwatch_leaves_no_trace() -> None:
    worker, outer = Worker(), Worker.outer
    watch = Stopwatch({"inner": (worker, "inner"), "outer": (Worker, "outer"), "fail": (Worker, "fail")})
    with pytest.raises(ValueError, match="of its own"), watch.running():
        worker.fail()
    assert watch.seconds["fail"] > 0
    assert Worker.outer is outer
    assert vars(worker) == {}
