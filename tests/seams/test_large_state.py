"""A large state is saved beside each checkpoint, deleted with it, and not touched between checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlrun.algorithms.protocol import HasLargeState
from mlrun.config.benchmarks import SinusoidConfig
from mlrun.config.schema import SupervisedExperiment, TrainingConfig
from mlrun.errors import CheckpointError, Interrupted
from mlrun.interruption import interruptible
from mlrun.runs.directory import RunDirectory
from mlrun.training.device import place
from mlrun.training.evaluation import evaluate_run
from mlrun.training.interrupts import Interrupts
from mlrun.training.loop import MetaTraining, train
from tests.seams.replaying import Replaying, ReplayingConfig
from tests.training.watcher import Watcher, timeless


@pytest.fixture(autouse=True)
def registered(register: Any) -> None:
    register(ReplayingConfig, "tests.seams.replaying:Replaying")


def experiment(iterations: int = 6, checkpoint_every: int = 2) -> SupervisedExperiment:
    training = {"tasks_per_batch": 3, "evaluate_every": 3, "checkpoint_every": checkpoint_every, "keep_checkpoints": 2}
    return SupervisedExperiment(
        benchmark=SinusoidConfig(evaluation_tasks=4),
        algorithm=ReplayingConfig(),
        training=TrainingConfig(iterations=iterations, **training),
    )


def training(directory: RunDirectory, **options: int) -> MetaTraining:
    what = experiment(**options)
    return MetaTraining(what, directory, Watcher(), place(what))


@pytest.fixture
def uninterrupted(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory.create(tmp_path, experiment())
    train(experiment(), directory, Watcher())
    return directory


def files(directory: RunDirectory) -> list[str]:
    return sorted(path.name for path in directory.checkpoints.directory.glob("*.pt"))


def test_it_is_an_algorithm_with_a_large_state() -> None:
    assert isinstance(Replaying(ReplayingConfig()), HasLargeState)


def test_it_is_beside_each_checkpoint_and_deleted_with_it(uninterrupted: RunDirectory) -> None:
    numbers = uninterrupted.checkpoints.iterations()
    assert files(uninterrupted) == sorted(f"{n:06d}{kind}" for n in numbers for kind in (".large.pt", ".pt"))
    best = uninterrupted.checkpoints.load("best")["iteration"]
    assert numbers == sorted({4, 6, best})
    assert "buffer" not in uninterrupted.checkpoints.load("last")["algorithm"]


def test_between_checkpoints_it_is_not_asked_for(tmp_path: Path) -> None:
    loop = training(RunDirectory.create(tmp_path, experiment(checkpoint_every=6)), checkpoint_every=6)
    loop.run(Interrupts())
    assert isinstance(loop.algorithm, Replaying)
    # Saved after iteration 3, whose evaluation is the best so far, and at the end.
    assert loop.algorithm.calls == {"saved": 2, "loaded": 0}


@pytest.mark.parametrize("moment", [1, 4, 6, 7, 8, 12, 15, 16])
def test_a_run_stopped_anywhere_goes_on_with_the_buffer_it_had(
    moment: int, tmp_path: Path, uninterrupted: RunDirectory
) -> None:
    """The signal comes during an update or an evaluation. What the update prepared is not part of the buffer."""
    passed = 0

    def stop() -> None:
        nonlocal passed
        passed += 1
        if passed == moment:
            raise Interrupted(15)

    directory = RunDirectory.create(tmp_path, experiment())
    with interruptible(stop), pytest.raises(Interrupted):
        training(directory).run(Interrupts())
    train(experiment(), directory, Watcher())
    assert timeless(directory) == timeless(uninterrupted)


@pytest.mark.parametrize("damage", ["missing", "flipped", "of another iteration"])
def test_without_its_large_state_a_checkpoint_is_damaged(
    damage: str, uninterrupted: RunDirectory, tmp_path: Path
) -> None:
    large = uninterrupted.checkpoints.directory / "000006.large.pt"
    if damage == "missing":
        large.unlink()
    elif damage == "flipped":
        content = bytearray(large.read_bytes())
        content[len(content) // 2] ^= 1
        large.write_bytes(content)
    else:
        large.write_bytes((large.parent / "000004.large.pt").read_bytes())
    told: list[str] = []
    state = uninterrupted.checkpoints.load_newest(told.append)
    assert state is not None
    assert state["iteration"] < 6
    assert len(state["large_state"]["buffer"]) == 3 * 10 * state["iteration"]
    assert "000006.large.pt" in told[0]
    assert not (large.parent / "000006.pt").exists()


def test_if_all_are_damaged_the_error_says_so(uninterrupted: RunDirectory) -> None:
    for large in uninterrupted.checkpoints.directory.glob("*.large.pt"):
        large.unlink()
    with pytest.raises(CheckpointError, match=r"no checkpoint can be read: .*000006\.large\.pt is missing"):
        uninterrupted.checkpoints.load_newest(lambda line: None)


def test_training_does_not_go_on_without_it(uninterrupted: RunDirectory) -> None:
    """As where a version of the algorithm without a buffer has saved the checkpoint."""
    state = uninterrupted.checkpoints.load("last")
    del state["has_large_state"]
    uninterrupted.checkpoints.save(6, state)
    with pytest.raises(CheckpointError, match="checkpoint 6 has no large state; replaying needs it"):
        train(experiment(iterations=7), uninterrupted, Watcher())


def test_an_evaluation_does_not_need_it(uninterrupted: RunDirectory) -> None:
    before = evaluate_run(uninterrupted, steps=1)
    for large in uninterrupted.checkpoints.directory.glob("*.large.pt"):
        large.unlink()
    assert evaluate_run(uninterrupted, steps=1) == before


def test_a_file_that_no_checkpoint_names_is_removed_with_the_next_one(uninterrupted: RunDirectory) -> None:
    """A process that is killed between the two files leaves such a file."""
    orphan = uninterrupted.checkpoints.directory / "000099.large.pt"
    orphan.write_bytes(b"half")
    uninterrupted.checkpoints.save(7, {"iteration": 7}, large={"buffer": 0})
    assert not orphan.exists()
