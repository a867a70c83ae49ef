import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlrun.config import load_experiment
from mlrun.errors import Diverged, Interrupted, RunLockedError, RunNotFoundError
from mlrun.registry import Registry
from mlrun.runs.directory import RunDirectory

CONFIG = """
name: maml-reach
seed: 3
benchmark: {name: ml1/reach-v3, horizon: 20}
algorithm: {name: maml}
training: {iterations: 2}
"""


@pytest.fixture
def experiment(tmp_path):
    path = tmp_path / "experiment.yaml"
    path.write_text(CONFIG)
    return load_experiment(path)


@pytest.fixture
def runs_dir(tmp_path):
    return tmp_path / "some" / "runs"


@pytest.fixture
def run(runs_dir, experiment):
    return RunDirectory.create(runs_dir, experiment)


def test_a_hundred_runs_that_start_at_once_get_a_hundred_directories(runs_dir, experiment, monkeypatch):
    # Four suffixes' worth of collisions at least: 100 draws out of 128.
    monkeypatch.setattr("secrets.token_hex", lambda _: f"{os.urandom(1)[0] % 128:04x}")
    with ThreadPoolExecutor(20) as pool:
        runs = list(pool.map(lambda _: RunDirectory.create(runs_dir, experiment), range(100)))
    assert len({run.path for run in runs}) == len(list(runs_dir.iterdir())) == 100
    assert all(run.manifest.read()["id"] == run.id for run in runs)


def test_the_id_says_when_what_and_which_seed(run):
    assert re.fullmatch(r"\d{8}-\d{6}-maml-reach-s3-[0-9a-f]{4}", run.id)


def test_an_experiment_without_a_name_is_named_after_what_it_runs(runs_dir, experiment):
    run = RunDirectory.create(runs_dir, experiment.model_copy(update={"name": None}))
    assert "-maml-ml1-reach-v3-s3-" in run.id


@pytest.mark.parametrize("form", ["{id}", "{id}/", "{path}", "{path}/"])
def test_a_run_is_found_by_id_and_by_path(run, runs_dir, form):
    opened = RunDirectory.open(form.format(id=run.id, path=run.path), runs_dir)
    assert (opened.path, opened.id, opened.experiment()) == (run.path, run.id, run.experiment())


def test_an_unknown_run_is_an_error_that_names_the_nearest(run, runs_dir):
    with pytest.raises(RunNotFoundError, match=f"did you mean {run.id}"):
        RunDirectory.open(run.id[:-1] + "z", runs_dir)
    with pytest.raises(RunNotFoundError, match="no run 'xyz'"):
        RunDirectory.open("xyz", runs_dir / "nowhere")


def test_a_directory_that_is_no_run_is_an_error(runs_dir, tmp_path):
    with pytest.raises(RunNotFoundError, match=r"has no config\.yaml"):
        RunDirectory.open(str(tmp_path), runs_dir)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (None, "finished", None),
        (Interrupted(15), "interrupted", "SIGTERM"),
        (KeyboardInterrupt(), "interrupted", "SIGINT"),
        (Diverged("iteration 3: kl is nan"), "diverged", "iteration 3: kl is nan"),
        (ZeroDivisionError("oh"), "failed", "ZeroDivisionError: oh"),
    ],
)
def test_the_manifest_records_how_training_ended(run, error, status, reason):
    def train():
        with run.training("cpu", "warp"):
            assert run.manifest.read()["status"] == "running"
            if error is not None:
                raise error

    if error is None:
        train()
    else:
        with pytest.raises(type(error)):
            train()
    record = run.manifest.read()
    assert (record["status"], record["exit_reason"], record["seed"]) == (status, reason, 3)
    [attempt] = record["attempts"]
    assert attempt["argv"] == sys.argv
    assert (attempt["device"], attempt["physics"]) == ("cpu", "warp")
    assert attempt["seconds"] >= 0
    assert {"python", "torch", "mujoco"} <= attempt["versions"].keys()
    log = (run.path / "train.log").read_text()
    assert ("Traceback" in log) == (status == "failed")


def test_the_package_of_an_algorithm_is_recorded(run, monkeypatch):
    with run.training():
        pass
    what = run.experiment()
    offered = {what.algorithm.name: "my-package 0.3", what.benchmark.name: "my-tasks 2", "another": "package 1"}
    monkeypatch.setattr(Registry, "offered", lambda self: offered)
    with run.training():
        pass
    assert [attempt["plugins"] for attempt in run.manifest.read()["attempts"]] == [[], ["my-package 0.3", "my-tasks 2"]]


def test_a_resumed_run_keeps_the_record_of_its_first_attempt(run):
    with pytest.raises(KeyboardInterrupt), run.training():
        raise KeyboardInterrupt
    with run.training():
        pass
    assert len(run.manifest.read()["attempts"]) == 2
    assert run.manifest.read()["status"] == "finished"


def test_a_run_is_trained_by_one_process_at_a_time_and_free_when_that_is_killed(run):
    code = f"""
import sys
from pathlib import Path
from mlrun.runs.directory import RunDirectory
with RunDirectory.open({str(run.path)!r}, Path()).training():
    print("locked", flush=True)
    sys.stdin.read()
"""
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(RunLockedError, match="another process"), run.training():
            pass
        assert run.manifest.read()["status"] == "running"
        other.kill()
        other.wait()
    with run.training():
        pass


def test_a_run_is_finished_when_it_has_done_what_its_config_asks_for_now(run, runs_dir):
    with run.training():
        run.checkpoints.save(2, {})
        assert not run.is_finished()
    assert run.is_finished()
    config = run.path / "config.yaml"
    config.write_text(config.read_text().replace("iterations: 2", "iterations: 3"))
    assert not RunDirectory.open(run.id, runs_dir).is_finished()


def test_evaluations_of_different_settings_do_not_replace_each_other(run):
    result = {"split": "test", "checkpoint": 60, "episodes": 10, "by_step": [{}, {}], "score": float("nan")}
    first = run.save_evaluation(result)
    assert run.save_evaluation({**result, "episodes": 5}) != first
    assert run.save_evaluation(result) == first
    assert first.parent == run.path / "eval"
    assert json.loads(first.read_text())["score"] is None
