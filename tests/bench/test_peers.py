import sys

import pytest

from mlrun.bench import peers
from mlrun.benchmarks.metaworld.ml1 import ML1


class Stub:
    """A package whose speed is given."""

    speed = 100.0
    closed = 0

    def __init__(self, family, num_worlds, *_):
        self.setting = f"{family} with {num_worlds}"
        self._speed = self.speed * num_worlds

    def episode(self, steps):
        return self._speed

    def close(self):
        type(self).closed += 1


class Broken(Stub):
    """A package that does not run."""

    def __init__(self, *_):
        raise RuntimeError("no such file")


@pytest.fixture
def absent(monkeypatch):
    for package in ("envpool", "metaworld"):
        monkeypatch.setitem(sys.modules, package, None)


def compare(**options):
    return peers.compare(ML1("push-v3"), num_worlds=2, num_threads=1, rounds=2, seconds=0.0, **options)


def test_packages_that_are_not_installed_are_null(absent):
    notes = []
    figures = compare(note=notes.append)
    assert figures["packages"] == {"envpool": None, "metaworld": None}
    assert notes == []


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


def test_a_package_that_does_not_run_is_null_and_noted(absent, monkeypatch):
    monkeypatch.setattr(peers, "EnvPoolWorlds", Broken)
    notes = []
    assert compare(note=notes.append)["packages"]["envpool"] is None
    assert notes == ["envpool does not run: no such file"]
