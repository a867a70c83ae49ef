"""``make chaos`` with small numbers."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.chaos import configs, damages, disk, kills, signals, starts
from tests.chaos.ground import Ground, Tally


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("chaos"), seed=1, iterations=10)


@pytest.mark.parametrize(
    ("stage", "count"),
    [(kills, 2), (signals, 1), (disk, 1), (starts, 5), (configs, 60), (damages, 12)],
    ids=lambda value: value.__name__.rpartition(".")[2] if isinstance(value, ModuleType) else "",
)
def test_mlrun_keeps_its_promises_under(stage: ModuleType, count: int, ground: Ground) -> None:
    tally: Tally = stage.run(ground, count)
    assert tally.failures == []
    assert tally.done >= count or "left out" in " ".join(tally.notes)
