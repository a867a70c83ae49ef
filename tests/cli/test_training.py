"""`mlrun train`, `resume` and `eval`. A stand-in replaces the training loop."""

import json
import sys
from pathlib import Path

import pytest

from mlrun.config import load_experiment
from mlrun.errors import Diverged, Interrupted
from mlrun.extras import install_command

SCORES = {
    f"{moment}/{name}": value
    for moment in ("pre", "post")
    for name, value in {"return": 10.0, "success_any": 0.5, "success_last": 0.25}.items()
}


@pytest.fixture
def ends(monkeypatch):
    """How each training ends, in order: an exception, or None. Filled by the test."""
    ends = []

    def train(experiment, run, reporter, placement):
        for iteration in range(1, experiment.training.iterations + 1):
            row = {"iteration": iteration, **SCORES}
            run.metrics.append(row)
            reporter.iteration(row, experiment.training.iterations)
            run.checkpoints.save(iteration, {})
            if ends and ends[0] is not None:
                raise ends.pop(0)

    monkeypatch.setattr("mlrun.training.loop.train", train)
    return ends


def status(run: str) -> str:
    return json.loads(Path(run, "run.json").read_text())["status"]


def test_train_prints_the_run_directory_and_then_the_next_command(mlrun, config, ends):
    outcome = mlrun("train", config)
    assert outcome.code == 0
    [run] = outcome.out.splitlines()
    assert Path(run).parent == Path("runs")
    assert status(run) == "finished"
    assert outcome.err.rstrip().endswith(f"mlrun eval {run}")
    assert "\x1b" not in outcome.err


def test_options_end_up_in_the_resolved_experiment(mlrun, config, ends, tmp_path):
    options = ["--seed", 3, "--device", "cpu", "--name", "123", "--set", "training.iterations=1"]
    run = mlrun("train", config, *options, "--runs-dir", tmp_path / "elsewhere").out.strip()
    assert Path(run).parent == tmp_path / "elsewhere"
    expected = load_experiment(config, ["seed=3", "device=cpu", "name='123'", "training.iterations=1"])
    assert load_experiment(Path(run, "config.yaml")) == expected


def test_the_runs_directory_can_come_from_the_environment(mlrun, config, ends, tmp_path, monkeypatch):
    monkeypatch.setenv("MLRUN_RUNS_DIR", str(tmp_path / "elsewhere"))
    run = mlrun("train", config).out.strip()
    assert Path(run).parent == tmp_path / "elsewhere"
    assert mlrun("resume", Path(run).name).code == 0


@pytest.mark.parametrize(
    ("end", "code", "recorded"),
    [
        (Interrupted(2), 130, "interrupted"),
        (Interrupted(15), 143, "interrupted"),
        (Diverged("iteration 1: kl is nan"), 3, "diverged"),
        (RuntimeError("oh"), 1, "failed"),
        (OSError(28, "No space left on device"), 1, "failed"),
    ],
)
def test_a_training_that_stops_early_still_names_its_run(mlrun, config, ends, end, code, recorded):
    ends.append(end)
    outcome = mlrun("train", config)
    assert outcome.code == code
    [run] = outcome.out.splitlines()
    assert status(run) == recorded
    assert "Traceback" not in outcome.err
    assert outcome.err.splitlines()[-1].startswith("mlrun: error: ")
    assert (f"mlrun resume {run}" in outcome.err) == (recorded == "interrupted")


def test_resume_continues_a_stopped_run_and_leaves_a_finished_one_alone(mlrun, config, ends):
    ends.append(Interrupted(2))
    run = mlrun("train", config).out.strip()
    resumed = mlrun("resume", f"{Path(run).name}/")
    assert (resumed.code, resumed.out, status(run)) == (0, f"{run}\n", "finished")
    before = Path(run, "run.json").read_text()
    again = mlrun("resume", run)
    assert (again.code, again.out) == (0, f"{run}\n")
    assert "already finished" in again.err
    assert Path(run, "run.json").read_text() == before


def test_metrics_go_to_tensorboard_too_and_after_a_resume_as_well(mlrun, config, ends):
    ends.append(Interrupted(2))
    run = mlrun("train", config, "--tensorboard").out.strip()
    first = set(Path(run, "tensorboard").iterdir())
    assert len(first) == 1
    mlrun("resume", run)
    assert first < set(Path(run, "tensorboard").iterdir())
    assert not Path(mlrun("train", config).out.strip(), "tensorboard").exists()


def test_without_tensorboard_no_run_is_made(mlrun, config, ends, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    outcome = mlrun("train", config, "--tensorboard")
    assert (outcome.code, outcome.out) == (1, "")
    assert install_command("tensorboard") in outcome.err
    assert not Path("runs").exists()


def test_a_run_in_training_cannot_be_resumed(mlrun, config, ends):
    from mlrun.runs.directory import RunDirectory

    ends.append(Interrupted(2))
    run = mlrun("train", config).out.strip()
    with RunDirectory.open(run, Path()).training():
        outcome = mlrun("resume", run)
    assert (outcome.code, outcome.out) == (4, "")
    assert "another process" in outcome.err


def test_a_missing_gpu_is_an_error_before_anything_is_written(mlrun, config, ends, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    outcome = mlrun("train", config, "--device", "cuda")
    assert (outcome.code, outcome.out) == (2, "")
    assert "device 'cuda'" in outcome.err
    assert list(tmp_path.iterdir()) == [config]


def test_more_threads_than_cores_are_an_error_before_anything_is_written(mlrun, config, ends, tmp_path):
    outcome = mlrun("train", config, "--set", "threads=1024")
    assert (outcome.code, outcome.out) == (2, "")
    assert "threads" in outcome.err
    assert "not 1024" in outcome.err
    assert list(tmp_path.iterdir()) == [config]


def test_eval_passes_its_options_on_and_prints_one_json_object(mlrun, config, ends, monkeypatch):
    run = mlrun("train", config).out.strip()
    seen = {}

    def evaluate_run(directory, **options):
        seen.update(options, run=directory.id)
        reference_scores = {"expert": {"success_any": 0.0, "return": 1.0}}
        return {"run": directory.id, "score": float("nan"), "horizon": 20, "floors": reference_scores}

    monkeypatch.setattr("mlrun.training.evaluation.evaluate_run", evaluate_run)
    options = ["--split", "train", "--checkpoint", "2", "--episodes", "5", "--steps", "0"]
    outcome = mlrun("eval", run, *options, "--json")
    result = json.loads(outcome.out, parse_constant=pytest.fail)
    assert (result["run"], result["score"]) == (Path(run).name, None)
    assert outcome.err.endswith("within 20 control steps; is benchmark.horizon long enough?\n")
    assert seen == {"run": Path(run).name, "split": "train", "checkpoint": 2, "data_per_task": 5, "steps": 0}


@pytest.mark.parametrize("which", [[], ["--checkpoint", "best"], ["--checkpoint", "7"]])
def test_eval_without_such_a_checkpoint_is_one_line(mlrun, config, ends, which):
    run = mlrun("train", config).out.strip()
    for file in Path(run, "checkpoints").iterdir():
        file.unlink()
    outcome = mlrun("eval", run, *which)
    assert (outcome.code, outcome.out) == (2, "")
    assert "has no checkpoint" in outcome.err.splitlines()[-1]
