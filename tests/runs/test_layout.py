import os

import pytest

from mlrun.errors import MlrunError
from mlrun.runs.layout import linked_checkpoint, require_own_files


@pytest.fixture
def run(tmp_path):
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    (run / "config.yaml").touch()
    (run / "checkpoints" / "000001.pt").touch()
    (run / "checkpoints" / "last").symlink_to("000001.pt")
    return run


def test_a_run_as_it_is_made_passes(run):
    require_own_files(run)


@pytest.mark.parametrize(
    "name",
    [
        "run.json",
        "metrics.jsonl",
        "train.log",
        ".lock",
        "eval",
        "eval/x.json",
        "videos",
        "tensorboard",
        "checkpoints/best",
    ],
)
def test_a_way_out_is_refused(run, tmp_path, name):
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MlrunError, match=f"{name} is a link to '.*elsewhere'"):
        require_own_files(run)


def test_a_pipe_is_refused(run):
    os.mkfifo(run / "train.log")
    with pytest.raises(MlrunError, match=r"train\.log is no file"):
        require_own_files(run)


def test_links_name_the_iteration_of_their_checkpoint(run):
    assert (linked_checkpoint(run, "last"), linked_checkpoint(run, "best")) == (1, None)


@pytest.mark.parametrize("target", ["000002.pt", "best", "000001.damaged"])
def test_a_link_that_leads_to_no_checkpoint_names_none(run, target):
    (run / "checkpoints" / "000001.damaged").mkdir()
    (run / "checkpoints" / "best").symlink_to(target)
    assert linked_checkpoint(run, "best") is None


def test_a_file_that_is_not_called_after_an_iteration_names_none(run):
    (run / "checkpoints" / "other.pt").touch()
    (run / "checkpoints" / "best").symlink_to("other.pt")
    assert linked_checkpoint(run, "best") is None
