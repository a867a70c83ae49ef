import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlrun.cli.runs import age, size
from mlrun.config import load_experiment
from mlrun.runs.directory import RunDirectory

SCORES = {"pre/mse": 3.0, "post/mse": 0.5}
EVALUATION = {"split": "test", "checkpoint": 2, "tasks": 50, "shots": 10}


@pytest.fixture
def make_run(mlrun, tmp_path):
    def make(name="mine", text="{benchmark: {name: sinusoid}, algorithm: {name: reptile}, training: {iterations: 3}}"):
        path = tmp_path / "experiment.yaml"
        path.write_text(text)
        run = RunDirectory.create(Path("runs"), load_experiment(path, [f"name={name}"]))
        for iteration in (1, 2):
            run.metrics.append({"iteration": iteration, **SCORES, "eval/pre/mse": 2.0, "eval/post/mse": 0.25})
            run.checkpoints.save(iteration, {}, best=iteration == 1)
        return run

    return make


def test_ls_is_a_line_of_headings_and_one_for_each_run(mlrun, make_run):
    good, bad = make_run("good"), make_run("bad")
    (bad.path / "run.json").write_text("{\n\n")
    (bad.path / "config.yaml").write_text("[]")
    lines = mlrun("runs", "ls").out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("run ")
    by_run = {line.split()[0]: line for line in lines[1:]}
    assert "created" in by_run[good.id]
    assert "2/3" in by_run[good.id]
    assert by_run[good.id].endswith("error 2.000 -> 0.250")
    assert "2/?" in by_run[bad.id]
    assert "run.json is damaged" in by_run[bad.id]
    assert "config.yaml is damaged" in by_run[bad.id]


def test_ls_as_json_has_what_scripts_need(mlrun, make_run):
    run = make_run()
    [listed] = json.loads(mlrun("runs", "ls", "--json").out)["runs"]
    assert (listed["id"], listed["path"], listed["status"]) == (run.id, str(run.path), "created")
    assert listed["evaluation"] == {"iteration": 2, "before": {"mse": 2.0}, "after": {"mse": 0.25}}


def test_show_names_the_file_about_a_divergence(mlrun, make_run):
    run = make_run()
    assert "divergence" not in mlrun("runs", "show", run.id).out
    run.write_divergence({"quantity": "the loss"})
    assert f"divergence   {run.path}/divergence.json" in mlrun("runs", "show", run.id).out.splitlines()
    assert json.loads(mlrun("runs", "show", run.id, "--json").out)["divergence"] == f"{run.path}/divergence.json"


def test_a_name_with_a_line_break_stays_on_its_line(mlrun, make_run):
    run = make_run()
    os.rename(run.path, run.path.with_name("a\nb\x1b[31m"))
    outcome = mlrun("runs", "ls")
    assert len(outcome.out.splitlines()) == 2
    assert "\x1b" not in outcome.out


@pytest.mark.parametrize("there", [True, False])
def test_no_runs_are_no_error(mlrun, tmp_path, there):
    if there:
        (tmp_path / "runs").mkdir()
    outcome = mlrun("runs", "ls")
    assert (outcome.code, outcome.out) == (0, "")
    assert "runs" in outcome.err
    assert json.loads(mlrun("runs", "ls", "--json").out)["runs"] == []


def test_a_runs_directory_that_is_a_file_is_one_line(mlrun, config):
    outcome = mlrun("runs", "ls", "--runs-dir", config)
    assert (outcome.code, outcome.out) == (2, "")
    assert "must be a directory" in outcome.err


def test_show_describes_a_run_and_names_the_next_command(mlrun, make_run):
    run = make_run()
    run.manifest.start()
    run.manifest.end("diverged", "iteration 3: kl is nan", 1.0)
    scores = [{"mse": {"mean": mean, "low": 0, "high": 9}} for mean in (4.0, 0.125)]
    run.save_evaluation({**EVALUATION, "by_step": scores})
    out = mlrun("runs", "show", run.id).out
    for text in (
        "reptile on sinusoid",
        "diverged: iteration 3: kl is nan",
        "2 of 3",
        "1 (best), 2 (last)",
        "error 4.000 -> 0.125",
        f"process {os.getpid()}",
        f"mlrun eval {run.path}",
    ):
        assert text in out
    assert "resume" not in out  # it would end in the same way
    shown = json.loads(mlrun("runs", "show", run.path, "--json").out)
    assert shown["checkpoints"] == {"iterations": [1, 2], "last": 2, "best": 1}
    assert shown["experiment"]["training"]["iterations"] == 3
    assert shown["evaluations"][0]["after"] == {"mse": 0.125}


def test_show_tells_the_trials_of_a_memory(mlrun, make_run):
    run = make_run(text="{benchmark: {name: navigation2d}, algorithm: {name: rl2}, training: {iterations: 3}}")
    scores = [{"return": {"mean": mean, "low": 0, "high": 9}} for mean in (4.0, 5.0, 6.0)]
    about = {"split": "test", "checkpoint": 2, "tasks": 50, "episodes": 10, "by_step": scores}
    path = run.save_evaluation({**about, "without_rewards": {"by_step": scores}})
    assert ", 10 trials of 3 episodes: return 4.0 -> 6.0" in mlrun("runs", "show", run.id).out
    path.unlink()
    run.save_evaluation(about)
    assert ", 10 episodes, 2 steps: return 4.0 -> 6.0" in mlrun("runs", "show", run.id).out


def test_show_prints_the_last_iteration_as_training_does(mlrun, make_run):
    run = make_run()
    run.metrics.append(
        {"iteration": 3, "pre/mse": 2.5, "post/mse": 0.125, "kl": 0.00987, "accepted": True, "loss": 1e-9}
    )
    lines = mlrun("runs", "show", run.id).out.splitlines()
    assert "metrics      in iteration 3: error 2.500 -> 0.125  KL 0.0099 accepted" in lines
    assert json.loads(mlrun("runs", "show", run.id, "--json").out)["metrics"]["loss"] == 1e-9
    run.metrics.append(
        {"iteration": 4, "pre/mse": float("nan"), "post/mse": "x", "kl": None, "examples_per_second": 1e4}
    )
    assert "in iteration 4: 10,000 examples/s" in mlrun("runs", "show", run.id).out


def test_the_next_command_follows_from_the_state_of_the_run(mlrun, make_run):
    run = make_run()

    def shown():
        return json.loads(mlrun("runs", "show", run.id, "--json").out)["next"]

    with run.training():
        assert shown() == []
        run.metrics.append({"iteration": 3})
    evaluated = {**EVALUATION, "by_step": [{"mse": {"mean": 4.0}}]}
    for other in ({}, {"checkpoint": 1, "split": "train"}):
        assert shown() == [f"mlrun eval {run.path}"]
        run.save_evaluation({**evaluated, **other})
    assert shown() == [f"mlrun eval {run.path}"]
    run.save_evaluation({**evaluated, "checkpoint": 1})
    assert shown() == [f"mlrun report {run.path}"]
    run.manifest.start()
    run.manifest.end("interrupted", "SIGTERM", 1.0)
    assert shown() == [f"mlrun resume {run.path}"]


def test_a_diverged_run_without_a_checkpoint_has_no_next_command(mlrun, make_run):
    run = make_run()
    run.manifest.start()
    run.manifest.end("diverged", "iteration 3: kl is nan", 1.0)
    shutil.rmtree(run.path / "checkpoints")
    assert json.loads(mlrun("runs", "show", run.id, "--json").out)["next"] == []


@pytest.mark.parametrize("name", ["run.json", "config.yaml", "metrics.jsonl", "eval/a.json"])
@pytest.mark.parametrize("content", ["", "{}", '{"by_step": 1}', "[[["])
def test_show_of_a_damaged_run_says_what_is_wrong(mlrun, make_run, name, content):
    run = make_run()
    (run.path / "eval").mkdir()
    (run.path / name).write_text(content + "\n" + content + "\n")
    outcome = mlrun("runs", "show", run.id)
    assert (outcome.code, outcome.err) == (0, "")
    if content or name != "metrics.jsonl":
        [problem] = [line for line in outcome.out.splitlines() if line.startswith("problems")]
        assert name in problem


def test_rm_off_a_terminal_needs_yes_and_prints_the_deleted_paths(mlrun, make_run):
    first, second = make_run(), make_run()
    refused = mlrun("runs", "rm", first.id, second.id)
    assert (refused.code, refused.out) == (2, "")
    assert "--yes" in refused.err
    assert first.path.exists()
    outcome = mlrun("runs", "rm", "--yes", first.id, second.path)
    assert (outcome.code, outcome.out) == (0, f"{first.path}\n{second.path}\n")
    assert list(Path("runs").iterdir()) == []


@pytest.mark.parametrize(("answer", "deleted"), [("y", True), ("n", False), ("", False)])
def test_rm_on_a_terminal_asks(mlrun, make_run, monkeypatch, answer, deleted):
    run = make_run()
    terminal = io.StringIO(f"{answer}\n")
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    outcome = mlrun("runs", "rm", run.id)
    assert outcome.code == (0 if deleted else 1)
    assert run.path.exists() == (not deleted)
    assert run.id in outcome.err
    assert outcome.out == (f"{run.path}\n" if deleted else "")


def test_rm_deletes_none_if_one_is_being_trained(mlrun, make_run):
    free, busy = make_run(), make_run()
    with busy.training():
        outcome = mlrun("runs", "rm", "--yes", free.id, busy.id)
    assert (outcome.code, outcome.out) == (4, "")
    assert f"{os.getpid()} on" in outcome.err
    assert free.path.exists()


def test_ls_names_leftovers_of_an_interrupted_rm_but_does_not_list_them(mlrun, make_run):
    run = make_run()
    os.rename(run.path, run.path.with_name(f".{run.id}.1234.deleted"))
    outcome = mlrun("runs", "ls")
    assert outcome.out == ""
    assert f".{run.id}.1234.deleted" in outcome.err


def test_a_full_stdout_does_not_stop_rm_halfway(make_run):
    runs = [make_run().id, make_run().id]
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "mlrun", "runs", "rm", "--yes", *runs]
        subprocess.run(command, stdout=full, stderr=subprocess.DEVNULL, check=False)
    assert list(Path("runs").iterdir()) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s ago"), (59, "59 s ago"), (7200, "2 h ago"), (600_000, "6 days ago")]
)
def test_ages(seconds, text):
    assert age(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 kB"), (4096, "4 kB"), (2.5e6, "2.5 MB"), (3e10, "30.0 GB")])
def test_sizes(count, text):
    assert size(count) == text
