from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.benchmarks.protocol import Transition
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
from mlrun.errors import ChangedExperimentError, CheckpointError, Diverged, Interrupted
from mlrun.interruption import interruptible, interruption_point
from mlrun.runs.directory import RunDirectory
from mlrun.runs.metrics import MetricsLog
from mlrun.simulation.protocol import CapacityError
from mlrun.training.device import place
from mlrun.training.evaluation import evaluate_run
from mlrun.training.interrupts import Interrupts, interrupts
from mlrun.training.loop import MetaTraining, train
from tests.training.watcher import Watcher, timeless


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


def rarely_saved() -> Experiment:
    what = experiment()
    return what.model_copy(update={"training": what.training.model_copy(update={"checkpoint_every": 99})})


def run(path: Path, what: Experiment, act: Any = None) -> RunDirectory:
    directory = RunDirectory.create(path, what)
    train(what, directory, Watcher(act))
    return directory


def parameters(directory: RunDirectory, which: str | int = "last") -> dict[str, torch.Tensor]:
    return directory.checkpoints.load(which)["algorithm"]["parameters"]


def raising_at(moment: int) -> Callable[[], None]:
    """Raises at the interruption point of this number, counted from 1."""
    passed: list[None] = []

    def listen() -> None:
        passed.append(None)
        if len(passed) == moment:
            raise Interrupted(signal.SIGINT)

    return listen


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


@pytest.mark.parametrize("moment", [5, 12, 20, 21, 22, 30, 60])
def test_an_interrupted_run_continues_as_if_nothing_had_happened(
    moment: int, tmp_path: Path, uninterrupted: RunDirectory
) -> None:
    """The signal can come at any interruption point: in rollouts, in updates, in evaluations."""
    directory = RunDirectory.create(tmp_path, experiment())
    with interruptible(raising_at(moment)), pytest.raises(Interrupted):
        MetaTraining(experiment(), directory, Watcher(), place(experiment())).run(Interrupts())
    stopped_at = directory.checkpoints.load("last")["iteration"]
    assert stopped_at == 0 or same(parameters(directory), parameters(uninterrupted, stopped_at))
    directory.metrics.append({"iteration": stopped_at + 1, "loss_before": 99.0})
    train(experiment(), directory, Watcher())
    assert timeless(directory) == timeless(uninterrupted)
    assert same(parameters(directory), parameters(uninterrupted))
    assert directory.checkpoints.load("best")["iteration"] == uninterrupted.checkpoints.load("best")["iteration"]


def test_a_signal_is_noticed_within_a_rollout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    step = ManipulationWorlds.step

    def interrupted(self: ManipulationWorlds, action: torch.Tensor) -> Transition:
        steps.append(len(steps))
        if len(steps) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, action)

    monkeypatch.setattr(ManipulationWorlds, "step", interrupted)
    directory = RunDirectory.create(tmp_path, experiment())
    with pytest.raises(Interrupted, match="SIGTERM"):
        train(experiment(), directory, Watcher())
    assert len(steps) == 3
    assert directory.checkpoints.iterations() == [0]


def test_a_checkpoint_is_saved_on_request(tmp_path: Path, uninterrupted: RunDirectory) -> None:
    what = rarely_saved()
    directory = RunDirectory.create(tmp_path, what)
    saved: list[list[int]] = []

    def request(iteration: int) -> None:
        if iteration == 1:
            os.kill(os.getpid(), signal.SIGUSR1)
        saved.append(directory.checkpoints.iterations())

    train(what, directory, Watcher(request))
    assert saved[0] == []
    assert saved[1] == [1, 2] or saved[1] == [1]
    assert same(parameters(directory, 1), parameters(uninterrupted, 1))
    assert timeless(directory) == timeless(uninterrupted)


def test_after_the_run_a_request_to_save_does_nothing(tmp_path: Path) -> None:
    watcher = Watcher()
    with interrupts():
        train(experiment(iterations=1), RunDirectory.create(tmp_path, experiment()), watcher)
        os.kill(os.getpid(), signal.SIGUSR1)
        interruption_point()
    assert not any("saved" in note for note in watcher.notes)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_run_goes_on_from_the_checkpoint_before_a_damaged_one(
    damage: str, tmp_path: Path, uninterrupted: RunDirectory
) -> None:
    directory = run(tmp_path, experiment(iterations=3))
    newest = directory.path / "checkpoints" / "000003.pt"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes({"truncated": content[: len(content) // 3], "flipped": content, "empty": b""}[damage])
    watcher = Watcher()
    train(experiment(iterations=4), directory, watcher)
    warning = next(note for note in watcher.notes if "damaged" in note)
    assert "000003.pt" in warning
    assert warning.endswith("going on from " + str(newest.with_name("000002.pt")) + " instead")
    assert timeless(directory) == timeless(uninterrupted)
    assert same(parameters(directory), parameters(uninterrupted))
    assert directory.checkpoints.load("best")["iteration"] == uninterrupted.checkpoints.load("best")["iteration"]


def test_if_all_checkpoints_are_damaged_the_run_does_not_start_again(tmp_path: Path) -> None:
    directory = run(tmp_path, experiment(iterations=2))
    for path in (directory.path / "checkpoints").glob("*.pt"):
        path.write_bytes(b"")
    rows = directory.metrics.read()
    with pytest.raises(CheckpointError, match="no checkpoint can be read"):
        train(experiment(iterations=4), directory, Watcher())
    assert directory.metrics.read() == rows


def test_a_run_goes_on_only_with_the_experiment_it_began_with(tmp_path: Path) -> None:
    directory = run(tmp_path, experiment(iterations=1))
    other = experiment(iterations=2).model_copy(update={"policy": PolicyConfig(hidden_sizes=(9,), min_std=0.1)})
    with pytest.raises(ChangedExperimentError, match=r"policy.hidden_sizes was \[8\] and is \[9\]; put it back"):
        train(other, directory, Watcher())
    train(experiment(iterations=2).model_copy(update={"threads": 1, "name": "x"}), directory, Watcher())


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


def test_a_number_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = RunDirectory.create(tmp_path, experiment())

    def poison(iteration: int) -> None:
        if iteration == 2:
            monkeypatch.setattr(
                "mlrun.problems.reinforcement_learning.discounted_returns",
                lambda rewards, discount: rewards * float("nan"),
            )

    with pytest.raises(Diverged, match=r"iteration 3: an observation or a return of train task [0-9]+ is not finite"):
        train(experiment(), directory, Watcher(poison))
    assert directory.checkpoints.load("last")["iteration"] == 2
    assert all(tensor.isfinite().all() for tensor in parameters(directory).values())
    assert len(directory.metrics.read()) == 2
    record = json.loads((directory.path / "divergence.json").read_text())
    assert (record["after_iteration"], record["checkpoint"]) == (2, "000002.pt")
    assert record["quantity"] == "an observation or a return"
    assert record["task"] in record["meta_batch"]
    with pytest.raises(Diverged, match="iteration 3"):
        train(experiment(), directory, Watcher())


def failing_after(iteration: int, failure: Exception, monkeypatch: pytest.MonkeyPatch) -> Watcher:
    """A reporter that makes every rollout fail after this iteration."""

    def fail(self: ManipulationWorlds) -> None:
        raise failure

    def act(done: int) -> None:
        if done == iteration:
            monkeypatch.setattr(ManipulationWorlds, "warnings", fail)

    return Watcher(act)


@pytest.mark.parametrize("failure", [CapacityError("the physics ran out of room"), torch.OutOfMemoryError("of a GPU")])
def test_an_error_costs_no_complete_iteration(
    failure: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = RunDirectory.create(tmp_path, rarely_saved())
    with pytest.raises(type(failure)):
        train(rarely_saved(), directory, failing_after(3, failure, monkeypatch))
    assert directory.checkpoints.load("last")["iteration"] == 3
    assert directory.checkpoints.load("best")["iteration"] == 2


def test_a_checkpoint_saved_because_of_an_error_can_be_the_best(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path, rarely_saved())

    def fail(iteration: int) -> None:
        if iteration == 2:
            raise RuntimeError("the terminal is gone")

    with pytest.raises(RuntimeError, match="terminal"):
        train(rarely_saved(), directory, Watcher(fail))
    assert directory.checkpoints.load("best")["best_iteration"] == 2


def full(*arguments: Any, **options: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("writing", ["checkpoints.atomic_file", "directory.write_json"])
def test_the_first_error_is_raised_even_if_nothing_can_be_saved(
    writing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = RunDirectory.create(tmp_path, rarely_saved())
    watcher = failing_after(1, Diverged("a loss is not finite"), monkeypatch)
    fail = watcher.act

    def fill_the_disk_too(iteration: int) -> None:
        fail(iteration)
        monkeypatch.setattr(f"mlrun.runs.{writing}", full)

    watcher.act = fill_the_disk_too
    with pytest.raises(Diverged, match="a loss is not finite"):
        train(rarely_saved(), directory, watcher)
    assert watcher.notes[-1] == "iteration 1 could not be saved: [Errno 28] No space left on device"


def test_a_signal_whose_checkpoint_cannot_be_saved_ends_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = RunDirectory.create(tmp_path, rarely_saved())

    def stop(iteration: int) -> None:
        monkeypatch.setattr("mlrun.runs.checkpoints.atomic_file", full)
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(OSError, match="No space left"):
        train(rarely_saved(), directory, Watcher(stop))


def test_an_iteration_whose_metrics_could_not_be_written_is_done_again(
    tmp_path: Path, uninterrupted: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = RunDirectory.create(tmp_path, experiment())
    append = MetricsLog.append

    def append_until_full(self: MetricsLog, row: Any) -> None:
        (full if row["iteration"] == 3 else append)(self, row)

    with monkeypatch.context() as disk:
        disk.setattr(MetricsLog, "append", append_until_full)
        with pytest.raises(OSError, match="No space left"):
            train(experiment(), directory, Watcher())
    assert directory.checkpoints.load("last")["iteration"] == 2
    train(experiment(), directory, Watcher())
    assert timeless(directory) == timeless(uninterrupted)


def test_training_never_touches_a_held_out_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()
    from mlrun.problems import episodes

    collect = episodes.collect_trajectories

    def spy(policy: Any, parameters: Any, environment: Any, tasks: Any, key: Any) -> Any:
        seen.update(task.split for task in tasks)
        return collect(policy, parameters, environment, tasks, key)

    monkeypatch.setattr(episodes, "collect_trajectories", spy)
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
