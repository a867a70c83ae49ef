import time

import pytest

from mlrun.bench.stopwatch import Stopwatch


class Worker:
    def inner(self) -> int:
        time.sleep(0.01)
        return 1

    def outer(self) -> int:
        return self.inner() + self.inner()

    def fail(self) -> None:
        raise ValueError("of its own")


def test_what_a_function_calls_is_counted_with_it() -> None:
    worker = Worker()
    watch = Stopwatch({"inner": (worker, "inner"), "outer": (Worker, "outer")})
    worker.outer()
    assert watch.seconds == {"inner": 0, "outer": 0}
    with watch.running():
        assert worker.outer() == 2
    assert watch.seconds["outer"] >= watch.seconds["inner"] >= 0.02


def test_afterwards_all_is_as_it_was() -> None:
    worker, outer = Worker(), Worker.outer
    watch = Stopwatch({"inner": (worker, "inner"), "outer": (Worker, "outer"), "fail": (Worker, "fail")})
    with pytest.raises(ValueError, match="of its own"), watch.running():
        worker.fail()
    assert watch.seconds["fail"] > 0
    assert Worker.outer is outer
    assert vars(worker) == {}
