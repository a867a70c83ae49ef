import json
import subprocess
import sys

import pytest

from mlrun.config import load_experiment
from mlrun.errors import Interrupted, MlrunError
from mlrun.runs.directory import RunDirectory
from mlrun.runs.listing import find_runs, list_runs, summarise
from mlrun.runs.lock import is_locked, run_lock
from mlrun.runs.metrics_end import lines_from_end, read_end
from mlrun.runs.record import read_record

CONFIG = "{benchmark: {name: sinusoid}, algorithm: {name: reptile}, training: {iterations: 9, evaluate_every: 2}}"
EVALUATION = {"eval/pre/mse": 3.5, "eval/post/mse": 0.25}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "experiment.yaml").write_text(CONFIG)
    run = RunDirectory.create(tmp_path / "runs", load_experiment(tmp_path / "experiment.yaml"))
    for iteration in range(1, 4):
        run.metrics.append({"iteration": iteration, **(EVALUATION if iteration == 2 else {})})
    return run


@pytest.fixture
def log(tmp_path):
    return tmp_path / "metrics.jsonl"


def write_rows(log, count, evaluated=()):
    rows = ({"iteration": i, **({"eval/post/mse": 1.0} if i in evaluated else {})} for i in range(1, count + 1))
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))


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


def test_looking_at_the_lock_leaves_it_as_it_was(run):
    assert not is_locked(run.path)
    assert not (run.path / ".lock").exists()
    with run_lock(run.path):
        assert is_locked(run.path)
        assert is_locked(run.path)
    assert not is_locked(run.path)
    with pytest.raises(Interrupted), run.training():
        raise Interrupted(15)
    assert summarise(run.path).status == "interrupted"


def test_a_lock_waits_out_a_look_at_it(run):
    """A listing holds a shared lock for an instant; a run that starts just then must not be told that it is locked."""
    with run_lock(run.path):
        pass
    code = """
import fcntl, sys, time
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_SH)
print("locked", flush=True)
time.sleep(0.1)
"""
    command = [sys.executable, "-c", code, str(run.path / ".lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with run_lock(run.path):
            pass


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


@pytest.mark.parametrize(("block", "text"), [(1, "a\nbb\n\nc"), (3, "aaaaaaa\nb\n"), (4, ""), (100, "a\nb"), (2, "\n")])
def test_lines_come_from_the_end_whatever_the_blocks(log, monkeypatch, block, text):
    monkeypatch.setattr("mlrun.runs.metrics_end._BLOCK", block)
    log.write_text(text)
    with log.open("rb") as file:
        assert list(lines_from_end(file)) == [line.encode() for line in reversed(text.split("\n")) if line]


def test_only_the_end_of_a_long_log_is_read(log):
    log.write_bytes(b"damaged\n" * 60_000)
    with log.open("ab") as file:
        file.write(b'{"iteration": 8, "eval/post/mse": 1.0}\n{"iteration": 9}\n')
    end = read_end(log, evaluate_every=None)
    assert end.last == {"iteration": 9}
    assert end.evaluated == {"iteration": 8, "eval/post/mse": 1.0}
    log.write_bytes(b"damaged\n" * 60_000 + b'{"iteration": 9}\n')
    assert read_end(log, evaluate_every=5).evaluated is None


@pytest.mark.parametrize("torn", [b"", b'{"iteration": 4, "l', b"\x80"])
def test_a_torn_last_line_is_left_out(log, torn):
    write_rows(log, 3, evaluated=[3])
    log.write_bytes(log.read_bytes() + torn)
    end = read_end(log, None)
    assert end.last == end.evaluated == {"iteration": 3, "eval/post/mse": 1.0}


def test_a_log_that_is_not_there_or_only_torn_has_no_rows(log):
    assert read_end(log, None) == (None, None)
    log.write_bytes(b'{"iter')
    assert read_end(log, None) == (None, None)


def test_a_manifest_is_read_as_it_is_written(run):
    with run.training():
        pass
    record, written = read_record(run.path), run.manifest.read()
    assert record.model_dump() == written
    (run.path / "run.json").unlink()
    with pytest.raises(MlrunError, match=r"run\.json is missing"):
        read_record(run.path)
