from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mlrun.config.algorithms import InnerLoopConfig, MAMLConfig
from mlrun.config.benchmarks import ML1Config
from mlrun.config.schema import (
    EpisodicEvaluationConfig,
    EpisodicExperiment,
    Experiment,
    PolicyConfig,
    RolloutsConfig,
    TrainingConfig,
)
from mlrun.experiment.errors import Diverged, Interrupted
from mlrun.experiment.evaluate import evaluate_run
from mlrun.experiment.interrupts import Interrupts
from mlrun.experiment.run_directory import RunDirectory
from mlrun.experiment.train import train
from tests.experiment.watcher import Watcher, timeless


def experiment(iterations: int = 4, **inner: Any) -> Experiment:
    return EpisodicExperiment(
        seed=3,
        benchmark=ML1Config(horizon=5),
        algorithm=MAMLConfig(inner=InnerLoopConfig(**inner)),
        policy=PolicyConfig(hidden_sizes=(8,), min_std=0.1),
        rollouts=RolloutsConfig(episodes_per_task=2),
        training=TrainingConfig(
            iterations=iterations, tasks_per_batch=3, evaluate_every=2, checkpoint_every=1, keep_checkpoints=9
        ),
        evaluation=EpisodicEvaluationConfig(episodes=2),
    )


def run(path: Path, what: Experiment, act: Any = None) -> RunDirectory:
    directory = RunDirectory.create(path, what)
    train(what, directory, Watcher(act))
    return directory


def parameters(directory: RunDirectory, which: str | int = "last") -> dict[str, torch.Tensor]:
    return directory.checkpoints.load(which)["algorithm"]["parameters"]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return run(tmp_path_factory.mktemp("runs"), experiment())


def test_a_run_leaves_a_row_per_iteration_and_its_checkpoints(uninterrupted: RunDirectory) -> None:
    rows = uninterrupted.metrics.read()
    assert [row["iteration"] for row in rows] == [1, 2, 3, 4]
    assert uninterrupted.checkpoints.iterations() == [1, 2, 3, 4]
    assert uninterrupted.checkpoints.exists("best")
    assert all(row["env_steps"] == 3 * 2 * 5 * 2 for row in rows)
    assert [("eval/post/success_last" in row) for row in rows] == [False, True, False, True]
    assert (uninterrupted.path / "tasks.json").exists()


def test_the_same_experiment_gives_the_same_run(tmp_path: Path, uninterrupted: RunDirectory) -> None:
    torch.manual_seed(11)
    again = run(tmp_path, experiment())
    assert timeless(again) == timeless(uninterrupted)
    assert same(parameters(again), parameters(uninterrupted))


def test_another_seed_gives_another_run(tmp_path: Path, uninterrupted: RunDirectory) -> None:
    other = run(tmp_path, experiment().model_copy(update={"seed": 4}))
    assert not same(parameters(other), parameters(uninterrupted))


@pytest.mark.parametrize("stop_after", [1, 3])
def test_an_interrupted_run_continues_as_if_nothing_had_happened(
    stop_after: int, tmp_path: Path, uninterrupted: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = RunDirectory.create(tmp_path, experiment())
    watcher = Watcher()

    def check(self: Interrupts) -> None:
        if len(watcher.rows) == stop_after:
            raise Interrupted(2)

    with monkeypatch.context() as patch:
        patch.setattr(Interrupts, "check", check)
        with pytest.raises(Interrupted):
            train(experiment(), directory, watcher)
    assert directory.checkpoints.load("last")["iteration"] == stop_after
    directory.metrics.append({"iteration": stop_after + 1, "loss_before": 99.0})
    train(experiment(), directory, Watcher())
    assert timeless(directory) == timeless(uninterrupted)
    assert same(parameters(directory), parameters(uninterrupted))
    assert directory.checkpoints.load("best")["iteration"] == uninterrupted.checkpoints.load("best")["iteration"]


@pytest.mark.parametrize("part", ["evaluate_by_step", "require_finite"])
def test_a_stop_in_the_middle_of_an_iteration_loses_only_that_iteration(
    part: str, tmp_path: Path, uninterrupted: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal strikes after the update has changed the parameters."""
    directory = RunDirectory.create(tmp_path, experiment())
    watcher = Watcher()

    def strike(*given: Any) -> Any:
        if len(watcher.rows) == 1:
            raise Interrupted(2)

    with monkeypatch.context() as patch:
        patch.setattr(f"mlrun.experiment.train.{part}", strike)
        with pytest.raises(Interrupted):
            train(experiment(), directory, watcher)
    assert directory.checkpoints.load("last")["iteration"] == 1
    assert same(parameters(directory), parameters(uninterrupted, 1))
    train(experiment(), directory, Watcher())
    assert timeless(directory) == timeless(uninterrupted)
    assert same(parameters(directory), parameters(uninterrupted))


def test_a_run_that_never_saved_starts_again_with_no_row_left_over(tmp_path: Path, uninterrupted: RunDirectory) -> None:
    directory = RunDirectory.create(tmp_path, experiment())
    directory.metrics.append({"iteration": 1, "loss_before": 99.0})
    train(experiment(), directory, Watcher())
    assert timeless(directory) == timeless(uninterrupted)


def test_iterations_are_absolute(tmp_path: Path, uninterrupted: RunDirectory) -> None:
    short = run(tmp_path, experiment(iterations=2))
    train(experiment(iterations=4), short, Watcher())
    assert timeless(short) == timeless(uninterrupted)
    watcher = Watcher()
    train(experiment(iterations=4), short, watcher)
    assert watcher.rows == []


def test_divergence_stops_the_run_and_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = RunDirectory.create(tmp_path, experiment())

    def poison(iteration: int) -> None:
        if iteration == 2:
            monkeypatch.setattr("mlrun.rl.problem.discounted_returns", lambda rewards, discount: rewards * float("nan"))

    with pytest.raises(Diverged, match="iteration 3"):
        train(experiment(), directory, Watcher(poison))
    assert directory.checkpoints.load("last")["iteration"] == 2
    assert all(tensor.isfinite().all() for tensor in parameters(directory).values())
    assert len(directory.metrics.read()) == 2


def test_training_never_touches_a_held_out_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()
    from mlrun.rl import problem

    collect = problem.collect_trajectories

    def spy(policy: Any, parameters: Any, environment: Any, tasks: Any, key: Any) -> Any:
        seen.update(task.split for task in tasks)
        return collect(policy, parameters, environment, tasks, key)

    monkeypatch.setattr(problem, "collect_trajectories", spy)
    run(tmp_path, experiment(iterations=2))
    assert seen == {"train"}


def test_the_inner_learning_rate_has_an_effect(tmp_path: Path, uninterrupted: RunDirectory) -> None:
    other = run(tmp_path, experiment(learning_rate=0.5))
    assert timeless(other)[0]["pre/return"] == timeless(uninterrupted)[0]["pre/return"]
    assert timeless(other)[0]["post/return"] != timeless(uninterrupted)[0]["post/return"]


class TestEvaluation:
    def test_it_reports_every_task_and_every_adaptation_step(self, uninterrupted: RunDirectory) -> None:
        report = evaluate_run(uninterrupted, checkpoint="last", steps=2)
        assert [entry["step"] for entry in report["by_step"]] == [0, 1, 2]
        assert len(report["per_task"]) == report["tasks"] == 50
        assert {task["split"] for task in report["per_task"]} == {"test"}
        assert all(len(task["by_step"]) == 3 for task in report["per_task"])
        assert set(report["by_step"][0]) == {"step", "return", "success_any", "success_last", "time_to_success"}
        assert "goal-blind expert" in report["floors"]

    def test_means_and_intervals_are_over_tasks(self, uninterrupted: RunDirectory) -> None:
        report = evaluate_run(uninterrupted, checkpoint="last")
        for step, entry in enumerate(report["by_step"]):
            returns = [task["by_step"][step]["return"] for task in report["per_task"]]
            assert entry["return"]["mean"] == pytest.approx(sum(returns) / 50)
            assert min(returns) <= entry["return"]["low"] < entry["return"]["mean"] < entry["return"]["high"]

    def test_it_is_deterministic_and_leaves_a_file(self, uninterrupted: RunDirectory) -> None:
        one = evaluate_run(uninterrupted, checkpoint="best")
        assert evaluate_run(uninterrupted, checkpoint="best") == one
        assert list((uninterrupted.path / "eval").glob("test-*.json"))

    @pytest.mark.parametrize(("inner", "evaluation", "expected"), [(1, None, 1), (2, None, 2), (2, 3, 3)])
    def test_by_default_it_takes_as_many_steps_as_training(
        self, inner: int, evaluation: int | None, expected: int, tmp_path: Path
    ) -> None:
        what = experiment(iterations=1, steps=inner)
        what = what.model_copy(update={"evaluation": EpisodicEvaluationConfig(episodes=2, steps=evaluation)})
        assert len(evaluate_run(run(tmp_path, what))["by_step"]) == expected + 1
