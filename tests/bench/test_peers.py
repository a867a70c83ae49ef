import sys

import pytest

from mlrun.bench import peers
from mlrun.benchmarks.metaworld.ml1 import ML1


class Stub:
    """A package whose worlds are as fast as they say, or that does not run."""

    speed = 100.0
    closed = 0

    def __init__(self, problem, num_worlds, *_):
        self.setting = f"{problem} with {num_worlds}"
        self._speed = self.speed * num_worlds

    def episode(self, steps):
        return self._speed

    def close(self):
        type(self).closed += 1


class Broken(Stub):
    def __init__(self, *_):
        raise RuntimeError("no such file")


@pytest.fixture
def absent(monkeypatch):
    for package in ("envpool", "metaworld"):
        monkeypatch.setitem(sys.modules, package, None)


def compare(**options):
    return peers.compare(ML1("push-v3"), num_worlds=2, num_threads=1, rounds=2, seconds=0.0, **options)


def test_packages_that_are_not_installed_are_null(absent):
    said = []
    figures = compare(note=said.append)
    assert figures["packages"] == {"envpool": None, "metaworld": None}
    assert said == []


def test_the_fastest_setting_counts(absent, monkeypatch):
    monkeypatch.setattr(peers, "MetaWorldProcesses", Stub)
    figures = compare()
    against = figures["packages"]["metaworld"]
    assert against["best_setting"] == "push-v3 with 2"
    assert against["steps_per_second_by_setting"] == {"push-v3 with 1": 100, "push-v3 with 2": 200}
    low, high = against["ratio_range"]
    assert low <= against["ratio"] <= high
    assert against["ratio"] == pytest.approx(figures["steps_per_second"] / 200, rel=0.5)
    assert Stub.closed == 2


def test_a_package_that_does_not_run_is_null_and_the_person_is_told(absent, monkeypatch):
    monkeypatch.setattr(peers, "EnvPoolWorlds", Broken)
    said = []
    assert compare(note=said.append)["packages"]["envpool"] is None
    assert said == ["envpool does not run: no such file"]
