from __future__ import annotations

import pytest

from mlrun.benchmarks.navigation2d import Navigation2D
from mlrun.registry import PluginError
from mlrun.training.build import build_benchmark
from tests.training.test_all_algorithms import experiment


@pytest.mark.parametrize(
    ("removed", "lacks"),
    [
        (["make_worlds"], "no make_worlds"),
        (["make_worlds", "reference_scores"], "no reference_scores and no make_worlds"),
    ],
)
def test_a_benchmark_of_another_version_is_one_line(
    removed: list[str], lacks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for method in removed:
        monkeypatch.delattr(Navigation2D, method)
    with pytest.raises(PluginError, match=f"benchmark 'navigation2d' has {lacks}: it was made for another version"):
        build_benchmark(experiment("maml", "navigation2d", 1))
