import subprocess
import sys

import pytest

from mlrun.config import load_experiment
from mlrun.runs.directory import RunDirectory
from mlrun.runs.listing import find_runs, list_runs, summarise

CONFIG = "{benchmark: {name: sinusoid}, algorithm: {name: reptile}, training: {iterations: 9, evaluate_every: 2}}"
EVALUATION = {"eval/pre/mse": 3.5, "eval/post/mse": 0.25}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "experiment.yaml").write_text(CONFIG)
    run = RunDirectory.create(tmp_path / "runs", load_experiment(tmp_path / "experiment.yaml"))
    for iteration in range(1, 4):
        run.metrics.append({"iteration": iteration, **(EVALUATION if iteration == 2 else {})})
    return run


def test_a_summary_tells_how_far_a_run_is_and_what_its_last_evaluation_was(run):
    summary = summarise(run.path)
    assert (summary.status, summary.iteration, summary.iterations) == ("created", 3, 9)
    assert summary.evaluation is not None
    assert (summary.evaluation.iteration, summary.evaluation.before) == (2, {"mse": 3.5})
    assert (summary.evaluation.after, summary.problems) == ({"mse": 0.25}, [])
    assert summary.bytes > 0


def test_a_run_is_running_while_its_lock_is_held_and_stopped_once_its_process_is_gone(run):
    code = f"""
import sys
from pathlib import Path
from mlrun.runs.directory import RunDirectory
with RunDirectory.open({str(run.path)!r}, Path()).training():
    print("locked", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        assert summarise(run.path).status == "running"
        other.kill()
    assert summarise(run.path).status == "stopped"
    assert run.manifest.read()["status"] == "running"


def test_a_run_that_ends_between_the_two_looks_at_it_is_not_called_stopped(run, monkeypatch):
    def end(_):
        run.manifest.end("finished", None, 1.0)
        return False

    run.manifest.start()
    monkeypatch.setattr("mlrun.runs.listing.is_locked", end)
    assert summarise(run.path).status == "finished"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": 1}',
        b'{"id": "a", "seed": 0, "created": "", "status": "dancing"}',
    ],
)
def test_a_damaged_manifest_is_one_problem_and_the_rest_is_still_shown(run, content):
    (run.path / "run.json").write_bytes(content)
    summary = summarise(run.path)
    [problem] = summary.problems
    assert problem.startswith("run.json is damaged: ")
    assert "\n" not in problem
    assert (summary.status, summary.iteration, summary.iterations) == ("damaged", 3, 9)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.yaml", None),
        ("config.yaml", b"training: {iterations: many}"),
        ("config.yaml", b"a: [" * 200),
        ("config.yaml", b"\x00"),
        ("metrics.jsonl", b'{"iteration": 1}\n{"iterat\n{"iterat'),
        ("metrics.jsonl", b"[1]\n[2]\n"),
        ("metrics.jsonl", b"x" * 2**21),
        ("run.json", None),
    ],
)
def test_any_damaged_file_is_one_problem_that_names_it(run, name, content):
    (run.path / name).unlink()
    if content is not None:
        (run.path / name).write_bytes(content)
    [problem] = summarise(run.path).problems
    assert name in problem


def test_a_damaged_run_does_not_hide_the_others(run, tmp_path):
    half_made = tmp_path / "runs" / "20200101-000000-maml-s0-0000"
    half_made.mkdir()
    (tmp_path / "runs" / "README.md").write_text("")
    (tmp_path / "runs" / "notes").mkdir()
    summaries = list(list_runs(tmp_path / "runs"))
    assert [summary.path for summary in summaries] == [run.path, half_made]
    assert [summary.status for summary in summaries] == ["created", "damaged"]


def test_runs_are_listed_from_the_newest(tmp_path):
    names = [f"2026{month:02d}01-000000-a-s0-0000" for month in (3, 11, 7)]
    for name in names:
        (tmp_path / name).mkdir()
    assert [path.name for path in find_runs(tmp_path)] == sorted(names, reverse=True)
