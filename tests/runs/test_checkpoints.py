import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from mlrun.errors import CheckpointError, CheckpointNotFoundError
from mlrun.runs import files
from mlrun.runs.checkpoints import Checkpoints
from mlrun.runs.files import replace_symlink


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "run" / "checkpoints", keep=2)


@pytest.fixture(autouse=True)
def run_directory(tmp_path):
    (tmp_path / "run").mkdir()


def state(value: float = 0.0):
    return {"weights": torch.full((3,), value, dtype=torch.float64), "best": [0.5, 1.5], "nothing": None}


def test_a_state_comes_back_with_its_iteration(checkpoints):
    checkpoints.save(7, state(1.25))
    loaded = checkpoints.load("last")
    torch.testing.assert_close(loaded.pop("weights"), state(1.25)["weights"], rtol=0, atol=0)
    assert loaded == {"best": [0.5, 1.5], "nothing": None, "iteration": 7}


def test_the_newest_are_kept_and_the_best_whatever_its_age(checkpoints):
    for iteration in (10, 20, 30, 40, 50):
        checkpoints.save(iteration, state(iteration), best=iteration == 20)
    assert checkpoints.iterations() == [20, 40, 50]
    assert checkpoints.load("best")["iteration"] == 20
    assert checkpoints.load("last")["iteration"] == 50
    assert not checkpoints.exists(10)


def test_a_superseded_best_is_dropped(checkpoints):
    for iteration in (10, 20, 30, 40):
        checkpoints.save(iteration, state(), best=iteration in (10, 30))
    assert checkpoints.iterations() == [30, 40]


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_a_truncated_file_is_a_checkpoint_error_that_names_the_others(checkpoints, kept):
    checkpoints.save(10, state())
    checkpoints.save(20, state())
    path = checkpoints.directory / "000020.pt"
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(CheckpointError, match=r"000020\.pt is damaged: .*other checkpoints: 10"):
        checkpoints.load("last")


def test_a_flipped_bit_in_a_tensor_is_noticed(checkpoints):
    checkpoints.save(1, state(1.25))
    path = checkpoints.directory / "000001.pt"
    content = bytearray(path.read_bytes())
    content[content.index(np.float64(1.25).tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoints.load(1)


def test_a_compressed_file_is_refused_before_it_is_unpacked(checkpoints, monkeypatch):
    checkpoints.save(1, state())
    path = checkpoints.directory / "000001.pt"
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    monkeypatch.setattr(zipfile.ZipFile, "testzip", lambda archive: pytest.fail("unpacked"))
    with pytest.raises(CheckpointError, match="compressed"):
        checkpoints.load(1)


def test_a_state_of_another_iteration_or_one_that_the_check_refuses_is_damaged(checkpoints):
    def check(state):
        if state["best"] != [0.5, 1.5]:
            raise ValueError("best is strange")

    checked = Checkpoints(checkpoints.directory, keep=5, check=check)
    for iteration in (1, 2, 3):
        checkpoints.save(iteration, {**state(), "best": [0.5, 1.5] if iteration < 3 else None})
    (checkpoints.directory / "000002.pt").write_bytes((checkpoints.directory / "000003.pt").read_bytes())
    with pytest.raises(CheckpointError, match="of iteration 3"):
        checked.load(2)
    with pytest.raises(CheckpointError, match="best is strange"):
        checked.load("last")


def test_links_that_a_killed_process_could_not_set_are_repaired(checkpoints):
    checkpoints.save(1, state(), best=True)
    checkpoints.save(2, {**state(), "best_iteration": 2})
    replace_symlink(checkpoints.directory / "last", "000001.pt")
    loaded = checkpoints.load_newest(warn=pytest.fail)
    assert loaded["iteration"] == checkpoints.load("last")["iteration"] == checkpoints.load("best")["iteration"] == 2


def test_code_in_a_file_is_not_run(checkpoints):
    class Malicious:
        def __reduce__(self):
            return os.mkdir, (str(checkpoints.directory / "run"),)

    checkpoints.directory.mkdir()
    torch.save({"iteration": 1, "payload": Malicious()}, checkpoints.directory / "000001.pt")
    with pytest.raises(CheckpointError):
        checkpoints.load(1)
    assert not (checkpoints.directory / "run").exists()


@pytest.mark.parametrize("which", ["last", "best", 30])
def test_a_checkpoint_that_is_not_there_is_an_error_that_names_those_that_are(checkpoints, which):
    with pytest.raises(CheckpointNotFoundError, match=r"no checkpoint .*yet"):
        checkpoints.load(which)
    checkpoints.save(10, state())
    checkpoints.save(20, state())
    if which != "last":
        with pytest.raises(CheckpointNotFoundError, match="there are: 10, 20"):
            checkpoints.load(which)


@pytest.mark.parametrize("value", [np.float64(1.0), torch.nn.Parameter(torch.zeros(1)), Path("x"), {1, 2}])
def test_what_could_not_be_loaded_is_refused_when_saved(checkpoints, value):
    with pytest.raises(TypeError, match=r"state\['score'\]\[0\] is a"):
        checkpoints.save(1, {"score": [value]})
    assert checkpoints.iterations() == []


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_save_that_fails_half_way_leaves_the_previous_checkpoint(checkpoints, monkeypatch, step):
    checkpoints.save(10, state(1.0), best=True)

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((files.os, "fsync") if step == "fsync" else (Path, "replace")), fail)
        with pytest.raises(OSError, match="No space"):
            checkpoints.save(20, state(2.0), best=True)
    assert checkpoints.load("last")["iteration"] == checkpoints.load("best")["iteration"] == 10
    assert sorted(path.name for path in checkpoints.directory.iterdir()) == ["000010.pt", "best", "last"]


def test_a_link_that_leads_to_no_checkpoint_is_said(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save(1, {}, best=True)
    (tmp_path / "strange.pt").write_bytes(b"")
    (tmp_path / "best").unlink()
    (tmp_path / "best").symlink_to("strange.pt")
    with pytest.raises(CheckpointError, match=r"best leads to strange\.pt, which is no checkpoint"):
        checkpoints.load("best")
