"""A meta-batch divided between two processes, which threads stand for, gives the result of one process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch

from mlrun.algorithms import algorithms
from mlrun.benchmarks.navigation2d import NavigationWorlds
from mlrun.config.algorithms import AlgorithmConfig, TrustRegionConfig
from mlrun.config.schema import Experiment
from mlrun.parameters import Parameters
from mlrun.problems.reinforcement_learning import ReinforcementLearning
from mlrun.randomness import RandomKey
from mlrun.rl.policy import GaussianMLPPolicy
from mlrun.runs.directory import RunDirectory
from mlrun.task_group import TaskGroup
from mlrun.training.device import place
from mlrun.training.interrupts import Interrupts
from mlrun.training.loop import MetaTraining
from tests.point_benchmark import PointBenchmark
from tests.training.test_all_algorithms import CASES, experiment
from tests.training.watcher import Watcher

T = TypeVar("T")

SIZE = 2


class Exchange:
    """A meeting point. Each shard brings a thing and gets the things of all shards, in order."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(SIZE, timeout=60)
        self._brought: list[Any] = [None] * SIZE

    def __call__(self, rank: int, thing: Any) -> list[Any]:
        self._brought[rank] = thing
        self._barrier.wait()
        everything = list(self._brought)
        self._barrier.wait()
        return everything

    def abort(self) -> None:
        self._barrier.abort()


class Shard(TaskGroup):
    """One of two parts of every batch. Each runs in a thread of its own."""

    def __init__(self, rank: int, exchange: Exchange) -> None:
        self.rank, self.exchange = rank, exchange

    def share(self, tasks: Sequence[T]) -> Sequence[T]:
        return tasks[self.first_slot(len(tasks)) : (self.rank + 1) * len(tasks) // SIZE]

    def first_slot(self, num_tasks: int) -> int:
        return self.rank * num_tasks // SIZE

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        share = values.sum(0) / self.count(len(values))
        return (share - share.detach()) + self.total(share.detach())  # zero with a gradient, and the value

    def total(self, share: torch.Tensor) -> torch.Tensor:
        return torch.stack(self.exchange(self.rank, share)).sum(0)

    def gather(self, values: torch.Tensor) -> torch.Tensor:
        return torch.cat(self.exchange(self.rank, values))

    def count(self, share: int) -> int:
        return sum(self.exchange(self.rank, share))


def train(what: Experiment, runs: Path, group: TaskGroup | None) -> MetaTraining:
    training = MetaTraining(what, RunDirectory.create(runs, what), Watcher(), place(what), group)
    training.run(Interrupts())
    return training


def train_in_two(what: Experiment, runs: Path) -> list[MetaTraining]:
    exchange = Exchange()

    def one(rank: int) -> MetaTraining:
        try:
            return train(what, runs / str(rank), Shard(rank, exchange))
        except BaseException:
            exchange.abort()
            raise

    with ThreadPoolExecutor(SIZE) as pool:
        return list(pool.map(one, range(SIZE)))


def test_all_shards_get_the_same_mean_and_each_its_share_of_the_gradient() -> None:
    """Bit for bit: the line search and the choice of the best checkpoint decide by such means."""
    exchange, values = Exchange(), torch.randn(101, 999, generator=torch.Generator().manual_seed(0))

    def mean(rank: int) -> tuple[torch.Tensor, torch.Tensor]:
        shard = Shard(rank, exchange)
        first, own = shard.first_slot(101), len(shard.share(range(101)))
        leaf = values[first : first + own].requires_grad_()
        result = shard.mean(leaf)
        result.sum().backward()
        assert leaf.grad is not None
        return result.detach(), leaf.grad

    with ThreadPoolExecutor(SIZE) as pool:
        (one, its_gradient), (other, other_gradient) = pool.map(mean, range(SIZE))
    assert torch.equal(one, other)
    torch.testing.assert_close(one, values.mean(0))
    torch.testing.assert_close(torch.cat((its_gradient, other_gradient)), torch.full((101, 999), 1 / 101))


def well_conditioned(config: AlgorithmConfig) -> AlgorithmConfig:
    """The same with more damping. On so little data, conjugate gradients amplify rounding a thousandfold."""
    if not isinstance(getattr(config, "outer", None), TrustRegionConfig):
        return config
    return config.model_copy(update={"outer": TrustRegionConfig(cg_damping=0.1)})


def timeless(training: MetaTraining) -> list[dict[str, float]]:
    rows = training.directory.metrics.read()
    kept = [{name: value for name, value in row.items() if not name.startswith("time")} for row in rows]
    return [{name: value for name, value in row.items() if not name.endswith("per_second")} for row in kept]


@pytest.mark.parametrize(("algorithm", "benchmark"), CASES)
def test_two_shards_learn_what_one_process_learns(algorithm: str, benchmark: str, tmp_path: Path) -> None:
    """One shard has one task, the other two. Float32 sums in another order differ in their last digits."""
    what = experiment(algorithm, benchmark, 2)
    what = what.model_copy(update={"algorithm": well_conditioned(what.algorithm)})
    alone, shards = train(what, tmp_path / "alone", None), train_in_two(what, tmp_path)
    for shard in shards:
        for ours, theirs in zip(timeless(shard), timeless(alone), strict=True):
            assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-5)
    whole, first, second = (training.complete["algorithm"]["parameters"] for training in (alone, *shards))
    for name, tensor in whole.items():
        assert torch.equal(first[name], second[name]), "all shards must have the same parameters"
        torch.testing.assert_close(first[name], tensor, rtol=1e-3, atol=1e-5)


def test_warnings_of_the_simulator_are_those_of_all_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def warnings(self: NavigationWorlds) -> dict[str, torch.Tensor]:
        return {"BADQACC": torch.ones(self.num_worlds, dtype=torch.int32), "BADCTRL": torch.zeros(1)}

    monkeypatch.setattr(NavigationWorlds, "warnings", warnings)
    what = experiment("reptile", "navigation2d", 2)
    alone, shards = train(what, tmp_path / "alone", None), train_in_two(what, tmp_path)
    for training in (alone, *shards):
        for row in training.directory.metrics.read():
            assert row["warnings/BADQACC"] == 3 * 2 * 2, "tasks, episodes, collections"
            assert "warnings/BADCTRL" not in row


@pytest.mark.parametrize("algorithm", ["maml", "meta-sgd", "promp", "reptile"])
def test_in_double_precision_they_agree_to_six_digits(
    algorithm: str, benchmark: PointBenchmark, policy: GaussianMLPPolicy, theta: Parameters, key: RandomKey
) -> None:
    tasks = benchmark.train_tasks[:5]

    def learn(group: TaskGroup) -> Any:
        problem = ReinforcementLearning(
            benchmark, policy, episodes_per_task=3, discount=0.9, gae_lambda=0.8, group=group
        )
        problem.initial_parameters = lambda key: dict(theta)
        learner = algorithms.load(algorithm)(well_conditioned(algorithms.entry(algorithm).config(name=algorithm)))
        learner.initialise(problem, key)
        for iteration in range(2):
            slots = replace(key.child(f"{iteration}"), first_slot=group.first_slot(len(tasks)))
            metrics = learner.update(problem, group.share(tasks), slots)
        return metrics, learner.parameters  # pyright: ignore[reportPossiblyUnboundVariable]

    exchange = Exchange()
    with ThreadPoolExecutor(SIZE) as pool:
        shards = list(pool.map(lambda rank: learn(Shard(rank, exchange)), range(SIZE)))
    metrics, parameters = learn(TaskGroup())
    for shard_metrics, shard_parameters in shards:
        assert shard_metrics == pytest.approx(metrics, rel=1e-4, abs=1e-7)
        for name, tensor in parameters.items():
            torch.testing.assert_close(shard_parameters[name], tensor, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("algorithm", "benchmark"), CASES)
@pytest.mark.parametrize("moment", ["pre/", "eval/"])
def test_no_mean_bypasses_the_group(
    moment: str, algorithm: str, benchmark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group that doubles its means doubles what metrics say of an iteration's episodes, or of its evaluation."""
    what = experiment(algorithm, benchmark, 1)
    evaluate, evaluating = MetaTraining._evaluate, [False]

    def flagged(training: MetaTraining, iteration: int) -> Any:
        evaluating[0] = True
        return evaluate(training, iteration)

    monkeypatch.setattr(MetaTraining, "_evaluate", flagged)

    class Doubling(TaskGroup):
        def mean(self, values: torch.Tensor) -> torch.Tensor:
            return values.mean(0) * (2 if evaluating[0] == (moment == "eval/") else 1)

    [plain] = timeless(train(what, tmp_path / "plain", None))
    evaluating[0] = False
    [doubled] = timeless(train(what, tmp_path / "doubled", Doubling()))
    scores = [name for name in plain if name.startswith(moment)]
    assert scores
    for name in scores:
        assert doubled[name] == pytest.approx(2 * plain[name], rel=1e-6)
