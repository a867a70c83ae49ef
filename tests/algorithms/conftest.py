from __future__ import annotations

from typing import Any

import pytest
import torch

from mlrun.benchmarks.sinusoid import Sinusoid
from mlrun.networks import MLP
from mlrun.parameters import Parameters
from mlrun.problems.reinforcement_learning import ReinforcementLearning
from mlrun.problems.supervised_learning import SupervisedLearning
from mlrun.randomness import RandomKey
from tests.algorithms.cases import Case, shifted, squared_error, surrogate
from tests.point_benchmark import PointBenchmark

TASKS = 3


@pytest.fixture(params=["episodic", "supervised"])
def case(request: pytest.FixtureRequest) -> Case:
    return request.getfixturevalue(request.param)


@pytest.fixture
def episodic(
    problem: ReinforcementLearning, benchmark: PointBenchmark, theta: Parameters, monkeypatch: pytest.MonkeyPatch
) -> Case:
    return Case(
        problem=problem,
        tasks=benchmark.train_tasks[:TASKS],
        theta=theta,
        head=("mean.2.weight", "mean.2.bias", "log_std"),
        loss=surrogate,
        rate=0.3,
        collected=watch(problem, theta, monkeypatch),
    )


@pytest.fixture
def supervised(key: RandomKey, monkeypatch: pytest.MonkeyPatch) -> Case:
    benchmark = Sinusoid(evaluation_tasks=TASKS)
    mlp = MLP((1, 5, 4, 1), "tanh")
    problem = SupervisedLearning(benchmark, mlp, shots=6)
    theta = shifted(mlp.initial_parameters(key.generator(), torch.float64), 0.1, key)
    return Case(
        problem=problem,
        tasks=benchmark.train_tasks,
        theta=theta,
        head=("2.weight", "2.bias"),
        loss=squared_error,
        rate=0.05,
        collected=watch(problem, theta, monkeypatch),
    )


def watch(problem: Any, theta: Parameters, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Make a problem start from `theta`. Returns a list that gets everything that the problem collects."""
    collected: list[Any] = []
    collect = problem.collect

    def record(*given: Any) -> Any:
        collected.append(collect(*given))
        return collected[-1]

    monkeypatch.setattr(problem, "collect", record)
    monkeypatch.setattr(problem, "initial_parameters", lambda key: dict(theta))
    return collected
