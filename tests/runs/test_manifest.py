import os
import re
import subprocess
from pathlib import Path

import pytest

from mlrun.errors import MlrunError
from mlrun.runs.manifest import describe_repository, read_record
from tests.run_results import make_run


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path)


def test_a_manifest_is_read_as_it_is_written(run):
    with run.training():
        pass
    record, written = read_record(run.path), run.manifest.read()
    assert record.model_dump() == written
    (run.path / "run.json").unlink()
    with pytest.raises(MlrunError, match=r"run\.json is missing"):
        read_record(run.path)


@pytest.fixture
def repository(tmp_path):
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "code.py").write_text("1\n")
    git = ["git", "-C", str(repository), "-c", "user.name=n", "-c", "user.email=e@e"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "m"]):
        subprocess.run([*git, *arguments], check=True)
    return repository


def test_the_repository_is_dirty_when_a_tracked_file_differs(repository):
    clean = describe_repository(repository)
    assert clean is not None
    assert re.fullmatch(r"[0-9a-f]{40}", clean["commit"])
    (repository / "code.py").write_text("2\n")
    assert describe_repository(repository) == {**clean, "dirty": True}
    assert clean["dirty"] is False


def test_no_repository_and_no_git_are_null(tmp_path, repository, monkeypatch):
    assert describe_repository(tmp_path) is None
    monkeypatch.setenv("PATH", str(Path(tmp_path / "empty")))
    assert describe_repository(repository) is None


def test_a_manifest_that_is_far_too_large_is_damaged_and_not_read(run):
    os.truncate(run.manifest.path, 2**36)
    with pytest.raises(MlrunError, match=r"run\.json is damaged: it has more than \d+ bytes"):
        run.manifest.read()


@pytest.mark.parametrize("content", ["null", "[]", '{"id": "x", "seed": 0, "created": "", "status": "created"}'])
def test_a_manifest_that_says_nothing_of_a_run_is_damaged(run, content):
    run.manifest.path.write_text(content)
    with pytest.raises(MlrunError, match=r"run\.json is damaged: "), run.training():
        pass
