import json

import pytest

from mlrun.benchmarks import benchmarks
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.config.benchmarks import BenchmarkConfig


@pytest.fixture
def plain_benchmark(monkeypatch):
    """A benchmark of another package, without a description."""
    monkeypatch.setattr(benchmarks, "_entries", dict(benchmarks._entries))
    benchmarks.register("theirs", config=BenchmarkConfig, target="nowhere:Nothing", summary="Someone else's")


def test_sizes_and_tasks_are_those_of_the_benchmark(mlrun):
    listed = {entry["name"]: entry for entry in json.loads(mlrun("list-envs", "--json").out)["environments"]}
    for name in ("ml1/reach-v3", "ml1/push-v3", "ml1/pick-place-v3"):
        benchmark = ML1(name)
        sizes = benchmark.observation_size, benchmark.action_size, benchmark.horizon
        assert (listed[name]["observation_size"], listed[name]["action_size"], listed[name]["horizon"]) == sizes
        tasks = len(benchmark.train_tasks), len(benchmark.test_tasks)
        assert (listed[name]["train_tasks"], listed[name]["test_tasks"]) == tasks
        assert listed[name]["floors"]["expert"]["success_any"] >= 0.98


def test_a_benchmark_without_a_description_is_listed_too(mlrun, plain_benchmark):
    [entry] = [e for e in json.loads(mlrun("list-envs", "--json").out)["environments"] if e["name"] == "theirs"]
    assert entry["horizon"] is None
    [line] = [line for line in mlrun("list-envs").out.splitlines() if line.startswith("theirs")]
    assert line.split() == ["theirs", "-", "-", "-", "-", "-", "Someone", "else's"]
