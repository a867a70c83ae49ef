import json
import os
import subprocess
import sys

import pytest

from mlrun.errors import Diverged, MlrunError, RunNotFoundError
from mlrun.runs.results import data_by_step, evaluated_steps, read_results
from tests.run_results import make_run, report

ROWS = [{"iteration": 1, "post/mse": 2.0}, {"iteration": 2, "post/mse": 1.0}]


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path, rows=ROWS)


def evaluate(run, *, minute=0, steps=1, **about):
    """Save an evaluation that was made at some minute."""
    written = report(run, [{"mse": [4.0 - step, 2.0]} for step in range(steps + 1)], **about)
    path = run.save_evaluation(written)
    os.utime(path, (60 * minute, 60 * minute))
    return written


def test_everything_that_a_run_has_is_read_and_nothing_changed(run, tmp_path):
    written = evaluate(run)
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    results = read_results(run.id, tmp_path / "runs")
    assert (results.path, results.id, results.status) == (run.path, run.id, "created")
    assert results.experiment == run.experiment()
    assert results.metrics == ROWS
    assert results.evaluations == [written]
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before


def test_a_run_that_has_just_been_made_has_nothing_to_show(tmp_path):
    results = read_results(make_run(tmp_path).path, tmp_path)
    assert (results.metrics, results.evaluations, results.evaluation()) == ([], [], None)


def test_a_run_in_training_is_read_without_the_row_that_is_being_written(run, tmp_path):
    with run.training():
        with run.metrics.path.open("a") as file:
            file.write('{"iteration": 3, "post/m')
        results = read_results(run.path, tmp_path)
    assert results.status == "running"
    assert results.metrics == ROWS


def test_a_diverged_run_shows_what_it_has(run, tmp_path):
    with pytest.raises(Diverged), run.training():
        raise Diverged("kl is nan")
    run.metrics.append({"iteration": 3, "post/mse": float("nan")})
    results = read_results(run.path, tmp_path)
    assert (results.status, results.metrics[-1]["post/mse"]) == ("diverged", None)


def test_a_run_whose_manifest_is_damaged_is_read_all_the_same(run, tmp_path):
    (run.path / "run.json").write_text("{")
    results = read_results(run.path, tmp_path)
    assert (results.status, results.metrics) == ("damaged", ROWS)


def test_evaluations_are_the_newest_first(run, tmp_path):
    for minute, checkpoint in ((2, 10), (3, 5), (1, 20)):
        evaluate(run, minute=minute, checkpoint=checkpoint)
    results = read_results(run.path, tmp_path)
    assert [written["checkpoint"] for written in results.evaluations] == [5, 10, 20]


def test_the_evaluation_is_the_newest_of_its_split_by_the_own_protocol_or_else_the_newest(run, tmp_path):
    evaluate(run, minute=5, split="train")
    evaluate(run, minute=3, shots=20)
    evaluate(run, minute=4, steps=2)
    results = read_results(run.path, tmp_path)
    other = results.evaluation()
    assert other is not None
    assert evaluated_steps(other) == 2
    own = [evaluate(run, minute=minute, checkpoint=checkpoint) for minute, checkpoint in ((1, 7), (2, 6))]
    results = read_results(run.path, tmp_path)
    assert results.evaluation("test") == own[1]
    run.checkpoints.save(7, {}, best=True)
    assert read_results(run.path, tmp_path).evaluation("test") == own[0]
    train = results.evaluation("train")
    assert train is not None
    assert train["split"] == "train"


def test_another_protocol_can_be_asked_for(run, tmp_path):
    evaluate(run, minute=1, shots=20)
    two_steps = evaluate(run, minute=2, steps=2)
    own = evaluate(run, minute=3)
    results = read_results(run.path, tmp_path)
    assert results.evaluation(steps=1) == own
    assert results.evaluation(steps=2) == two_steps
    twenty = results.evaluation(data_per_task=20)
    assert twenty is not None
    assert twenty["shots"] == 20
    assert results.evaluation(steps=3) is results.evaluation(data_per_task=5) is None


def test_steps_in_the_evaluation_section_go_before_those_of_the_inner_loop(tmp_path):
    run = make_run(tmp_path, "{benchmark: {name: sinusoid}, algorithm: {name: reptile}, training: {iterations: 3}}")
    own = evaluate(run, minute=1, steps=5)
    evaluate(run, minute=2, steps=1)
    assert read_results(run.path, tmp_path).evaluation() == own
    run = make_run(tmp_path, "{benchmark: {name: sinusoid}, algorithm: {name: reptile}, training: {iterations: 3}}")
    run = make_run(tmp_path, run.path.joinpath("config.yaml").read_text(), "evaluation.steps=1")
    own = evaluate(run, minute=1, steps=1)
    evaluate(run, minute=2, steps=5)
    assert read_results(run.path, tmp_path).evaluation() == own


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.yaml", "benchmark: {name: sinusoid}"),
        ("config.yaml", "training: {iterations: many}"),
        ("config.yaml", None),
        ("metrics.jsonl", '{"iteration": 1}\n{"iter\n{"iteration": 3}\n'),
        ("metrics.jsonl", "[" * 100_000 + "\n{}\n"),
        ("eval/a.json", ""),
        ("eval/a.json", "{}"),
        ("eval/a.json", "[" * 100_000),
    ],
)
def test_a_damaged_file_is_one_line_that_names_it(run, tmp_path, name, content):
    path = run.path / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_text(content)
    with pytest.raises(MlrunError) as caught:
        read_results(run.path, tmp_path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def without(*keys):
    def change(written):
        for key in keys[:-1]:
            written = written[key]
        del written[keys[-1]]

    return change


@pytest.mark.parametrize(
    "damage",
    [
        without("split"),
        without("floors"),
        without("by_step", 1),
        without("by_step", 1, "mse"),
        without("by_step", 1, "mse", "low"),
        without("per_task", 0, "parameters"),
        without("per_task", 0, "by_step", 1),
        without("per_task", 1, "by_step", 1, "mse"),
        lambda written: written["per_task"].clear(),
        lambda written: written["per_task"][0]["by_step"][0].update(mse=None),
        lambda written: written["per_task"][0]["by_step"][0].update(mse=float("nan")),
        lambda written: written["per_task"][0]["parameters"].append(1.0),
        lambda written: written.update(benchmark="\x1b[31msinusoid"),
        lambda written: written.update(benchmark="sinusoid" * 100),
        lambda written: written.update(tasks=7),
        lambda written: written.update(horizon="\x1b[31m"),
        lambda written: written.update(shots="\x1b[31m"),
        lambda written: written["floors"].update({"\x1b[31m": {"mse": 1.0}}),
    ],
)
def test_a_report_that_lacks_what_readers_rely_on_is_damaged(run, tmp_path, damage):
    evaluate(run)
    path = next((run.path / "eval").iterdir())
    written = json.loads(path.read_text())
    damage(written)
    path.write_text(json.dumps(written))
    with pytest.raises(MlrunError, match="is damaged") as caught:
        read_results(run.path, tmp_path)
    assert str(caught.value).isprintable()


def test_a_log_that_is_a_directory_is_damaged(run, tmp_path):
    run.metrics.path.unlink()
    run.metrics.path.mkdir()
    with pytest.raises(MlrunError, match=r"metrics\.jsonl is damaged"):
        read_results(run.path, tmp_path)


def test_no_such_run(tmp_path):
    with pytest.raises(RunNotFoundError, match="no run 'nothing'"):
        read_results("nothing", tmp_path)


def test_reading_needs_no_torch(run):
    code = f"""
import sys
from pathlib import Path
from mlrun.runs.results import read_results
read_results({str(run.path)!r}, Path())
assert not {{"torch", "mujoco", "numpy"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_data_of_each_step_are_known_of_older_reports_too(run, tmp_path):
    old = evaluate(run, steps=2)
    assert data_by_step(old, "shots") == [0, 10, 10]
    assert data_by_step({**old, "episodes": 10}, "episodes") == [0, 10, 20]
    assert data_by_step({**old, "data_by_step": [0, 1, 2]}, "shots") == [0, 1, 2]
    evaluate(run, minute=1, split="train", data_by_step=[0])
    with pytest.raises(MlrunError, match="it does not say how much data each step has used"):
        read_results(run.path, tmp_path)
