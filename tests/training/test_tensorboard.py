from __future__ import annotations

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mlrun.training.tensorboard import writing_for_tensorboard
from tests.training.watcher import Watcher

NAMES = {"pre/return", "kl", "accepted", "time"}


def row(iteration: int, scale: float = 1.0) -> dict[str, object]:
    return {
        "iteration": iteration,
        "pre/return": scale * iteration,
        "kl": 0.5,
        "accepted": True,
        "time": 1.5,
        "note": "x",
    }


def write(directory: Path, rows: list[dict[str, object]]) -> Watcher:
    watcher = Watcher()
    with writing_for_tensorboard(watcher, directory) as reporter:
        for values in rows:
            reporter.iteration(values, 10)
    return watcher


def read(directory: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(directory), purge_orphaned_data=True).Reload()
    return {name: [(event.step, event.value) for event in events.Scalars(name)] for name in events.Tags()["scalars"]}


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("ERROR", logger="tensorboard")


def test_every_number_of_a_row_is_a_scalar_of_its_name(tmp_path: Path) -> None:
    rows = [row(1), row(2)]
    assert write(tmp_path, rows).rows == rows
    scalars = read(tmp_path)
    assert scalars.keys() == NAMES
    assert scalars["pre/return"] == [(1, 1.0), (2, 2.0)]


def test_a_resumed_run_replaces_what_it_does_again(tmp_path: Path) -> None:
    write(tmp_path, [row(1), row(2), row(3)])
    write(tmp_path, [row(2, scale=10.0), row(3, scale=10.0)])
    assert read(tmp_path)["pre/return"] == [(1, 1.0), (2, 20.0), (3, 30.0)]
