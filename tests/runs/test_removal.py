import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlrun.config import load_experiment
from mlrun.errors import MlrunError, RunLockedError, RunNotFoundError
from mlrun.runs.directory import RunDirectory
from mlrun.runs.listing import find_runs
from mlrun.runs.lock import run_lock
from mlrun.runs.removal import find_remains, remove_runs, require_removable

CONFIG = "{benchmark: {name: sinusoid}, algorithm: {name: reptile}, training: {iterations: 9}}"


@pytest.fixture
def runs_dir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path("runs")


@pytest.fixture
def make_run(runs_dir, tmp_path):
    (tmp_path / "experiment.yaml").write_text(CONFIG)
    experiment = load_experiment(tmp_path / "experiment.yaml")

    def make(directory=runs_dir):
        return RunDirectory.create(directory, experiment).path

    return make


def tree(directory):
    return sorted(path for path in directory.rglob("*") if path.name != ".lock")


@pytest.mark.parametrize("form", ["{id}", "{id}/", "runs/{id}", "runs//{id}/.", "{absolute}"])
def test_a_run_named_in_any_way_is_deleted_and_nothing_else(make_run, runs_dir, tmp_path, form):
    other, run = make_run(), make_run()
    (tmp_path / "outside").write_text("keep")
    (run / "link").symlink_to(tmp_path / "outside")
    (run / "links").symlink_to(tmp_path)
    left = [path for path in tree(tmp_path) if not path.is_relative_to(run.absolute())]
    path = require_removable(form.format(id=run.name, absolute=run.absolute()), runs_dir)
    assert list(remove_runs([path])) == [path]
    assert tree(tmp_path) == left
    assert find_runs(runs_dir) == [other]


def alter_id(run):
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "id": "another"}))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda run: (run / "run.json").unlink(), r"run\.json is missing"),
        (lambda run: (run / ".lock").mkdir(), r"its \.lock is not a file"),
        (lambda run: (run / ".lock").symlink_to("/dev/zero"), r"its \.lock is not a file"),
        (lambda run: (run / "config.yaml").unlink(), r"no config\.yaml"),
        (lambda run: (run / "run.json").write_text("{}"), r"run\.json is damaged"),
        (alter_id, "'another'"),
    ],
)
def test_what_is_not_surely_a_run_stays(make_run, runs_dir, damage, said):
    run = make_run()
    damage(run)
    before = tree(runs_dir)
    with pytest.raises(RunNotFoundError, match=said):
        require_removable(run.name, runs_dir)
    assert tree(runs_dir) == before


@pytest.mark.parametrize(
    "name", [".", "..", "", "runs", "runs/", "/", "runs/..", "runs/{id}/..", "runs/{id}/checkpoints"]
)
def test_no_path_around_a_run_is_taken_for_one(make_run, runs_dir, name):
    run = make_run()
    (run / "checkpoints").mkdir()
    with pytest.raises(RunNotFoundError):
        require_removable(name.format(id=run.name), runs_dir)
    with pytest.raises(RunNotFoundError):
        require_removable(name.format(id=run.name), run)


def test_a_run_in_which_the_runs_directory_lies_is_not_deleted(make_run):
    outer = make_run()
    inner = make_run(outer / "runs")
    with pytest.raises(RunNotFoundError, match="holds other runs"):
        require_removable(str(outer), outer / "runs")
    with pytest.raises(RunNotFoundError, match="holds other runs"):
        require_removable(".." + "/../" + str(outer), outer)
    assert inner.exists()


@pytest.mark.parametrize("form", ["{id}", "{id}/", "runs/{id}"])
def test_a_link_to_a_run_elsewhere_is_not_followed(make_run, runs_dir, tmp_path, form):
    run = make_run(tmp_path / "elsewhere")
    runs_dir.mkdir()
    (runs_dir / run.name).symlink_to(run)
    with pytest.raises(RunNotFoundError, match="is a link"):
        require_removable(form.format(id=run.name), runs_dir)
    assert (run / "run.json").exists()


def test_a_run_in_training_is_not_deleted_and_the_message_says_who_trains_it(make_run, runs_dir):
    free, busy = make_run(), make_run()
    with RunDirectory.open(busy.name, runs_dir).training():
        with pytest.raises(RunLockedError, match=r"process, \d+ on .+, since \d{4}-"):
            require_removable(busy.name, runs_dir)
        with pytest.raises(RunLockedError):  # where training begins just after the check
            list(remove_runs([free, busy]))
        assert set(find_runs(runs_dir)) == {free, busy}
    assert list(remove_runs([free, busy])) == [free, busy]


def test_when_one_cannot_be_renamed_all_stay(make_run, runs_dir, monkeypatch):
    runs = [make_run(), make_run()]
    rename = Path.rename

    def fail_for_the_second(self, target):
        if self == runs[1]:
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_second)
    before = tree(runs_dir)
    with pytest.raises(PermissionError):
        list(remove_runs(runs))
    assert tree(runs_dir) == before


def test_a_run_named_twice_is_deleted_once(make_run):
    run = make_run()
    assert list(remove_runs([run, run.absolute()])) == [run.absolute()]


def test_a_deletion_that_is_killed_leaves_nothing_that_looks_like_a_run(make_run, runs_dir):
    run = make_run()
    code = f"""
import os, signal
from pathlib import Path
from mlrun.runs.removal import remove_runs
os.unlink = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
list(remove_runs([Path({str(run)!r})]))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert find_runs(runs_dir) == []
    [remains] = find_remains(runs_dir)
    assert run.name in remains.name


def test_what_cannot_be_deleted_is_named(make_run, runs_dir, monkeypatch):
    def fail(path):
        raise OSError(39, "Directory not empty", str(path))

    run = make_run()
    monkeypatch.setattr("shutil.rmtree", fail)
    with pytest.raises(MlrunError, match=r"the rest is in runs/\."):
        list(remove_runs([run]))


def test_a_deleted_run_can_no_longer_be_locked(make_run):
    run = make_run()
    list(remove_runs([run]))
    with pytest.raises(RunNotFoundError), run_lock(run):
        pass
    assert not run.exists()
