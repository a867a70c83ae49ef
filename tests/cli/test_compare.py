import csv
import io
import json
import subprocess
import sys

import pytest

from mlrun.errors import Interrupted
from tests.run_results import REACH, RL2, SINUSOID, make_run, of_memory, report

RATE = "algorithm.inner.learning_rate=0.5"
ROWS = [{"iteration": iteration, "examples": 80, "time": 20.0 * iteration} for iteration in (1, 2, 3)]


@pytest.fixture
def make(mlrun, tmp_path):
    """A finished run, evaluated unless it has no errors after adaptation."""

    def make(*settings, errors=(1.0, 2.0), rows=ROWS, **about):
        run = make_run(tmp_path, SINUSOID, *settings, rows=rows)
        with run.training():
            pass
        if errors:
            run.save_evaluation(report(run, [{"mse": [4.0] * len(errors)}, {"mse": errors}], **about))
        return run

    return make


def test_a_table_has_a_line_per_experiment_and_the_reference_scores_beneath(mlrun, make):
    runs = [make("seed=0"), make("seed=1", errors=(2.0, 3.0)), make(RATE, "seed=0"), make(RATE, "seed=2")]
    outcome = mlrun("runs", "compare", *(run.id for run in runs))
    assert (outcome.code, outcome.err) == (0, "")
    title, _, headings, first, second, reference, _, *rest = outcome.out.splitlines()
    assert title == "sinusoid, 2 test tasks, adapted to 10 examples: mean squared error"
    assert "after 1 step: IQM" in headings
    assert first.startswith("algorithm.inner.learning_rate=0.1")
    assert "4.000 [4.000, 4.000]" in first
    assert "2.000 [" in first
    assert second.startswith(RATE)
    assert (reference.split()[0], reference.split()[-1]) == ("zero", "4.500")
    assert rest[1].split() == ["algorithm.inner.learning_rate=0.1", "0,", "1", "1.500,", "2.500", "240", "1:00"]
    assert rest[2].split()[1:8] == ["0,", "2", "1.500,", "1.500", "240", "1:00", "0.75"]
    assert "tasks resampled, and whole runs" in rest[4]
    stratified = mlrun("runs", "compare", *(run.id for run in runs), "--resample", "runs").out
    assert "runs resampled within every task" in stratified


def test_beside_a_memory_the_episodes_of_each_are_a_column(mlrun, tmp_path):
    steps = [{"return": [1.0, 2.0]}, {"return": [2.0, 3.0]}]
    maml, rl2 = (make_run(tmp_path, text) for text in (REACH, RL2))
    maml.save_evaluation(report(maml, steps))
    rl2.save_evaluation(report(rl2, steps, **of_memory(steps)))
    title, *lines = mlrun("runs", "compare", rl2.id, maml.id).out.splitlines()
    assert title == "ml1/reach-v3, 2 test tasks, horizon 500, adaptation episodes as below: return"
    head = next(line for line in lines if "seeds" in line)
    assert head.split()[:3] == ["seeds", "adaptation", "episodes"]
    costs = [line.split()[1:4] for line in lines[lines.index(head) + 1 :][:2]]
    assert costs == [["0", "1", "2.5"], ["0", "10", "2.5"]]
    data = json.loads(mlrun("runs", "compare", rl2.id, maml.id, "--json").out)
    rows = list(csv.DictReader(io.StringIO(mlrun("runs", "compare", rl2.id, maml.id, "--csv").out)))
    assert [group["adaptation_episodes"] for group in data["groups"]] == [1, 10]
    assert [row["adaptation_episodes"] for row in rows] == ["1", "10"]
    alone = mlrun("runs", "compare", rl2.id).out
    assert "1 adaptation episode per step, mean of 10 trials per task: return" in alone.splitlines()[0]


def test_experiments_that_knew_more_are_told_from_those_that_did_not(mlrun, tmp_path):
    steps = [{"return": [1.0, 2.0]}, {"return": [2.0, 3.0]}]
    privileged = ["algorithm.value={name: privileged}", "rollouts.sharpening={}"]
    runs = [make_run(tmp_path, RL2, *settings) for settings in ([], privileged)]
    for run in runs:
        run.save_evaluation(report(run, steps, **of_memory(steps)))
    names = [run.id for run in runs]
    *_, last = mlrun("runs", "compare", *names).out.splitlines()
    assert last.startswith("algorithm.value.name=privileged")
    assert last.endswith(": trained with privileged goals for its value function and sharpened rewards.")
    one, other = json.loads(mlrun("runs", "compare", *names, "--json").out)["groups"]
    assert one["aids"] == []
    assert other["aids"] == ["privileged goals for its value function", "sharpened rewards"]


def test_json_and_csv_have_the_same_numbers(mlrun, make):
    runs = [make(), make(RATE, errors=(0.5, 2.0))]
    data = json.loads(mlrun("runs", "compare", *(run.id for run in runs), "--json").out)
    rows = list(csv.DictReader(io.StringIO(mlrun("runs", "compare", *(run.id for run in runs), "--csv").out)))
    assert data["resampled"] == "both"
    assert data["less_is_better"]
    assert data["floors"] == {"zero": 4.5}
    assert [row["label"] for row in rows] == [group["label"] for group in data["groups"]]
    first, second = data["groups"]
    assert (first["probability_of_improvement"], rows[0]["probability_of_improvement"]) == (None, "")
    assert second["probability_of_improvement"]["value"] == float(rows[1]["probability_of_improvement"]) == 0.75
    assert second["after"]["mean"]["low"] == float(rows[1]["after_mean_low"]) == 0.5
    assert second["differences"] == {"algorithm.inner.learning_rate": 0.5}
    assert rows[1]["algorithm.inner.learning_rate"] == "0.5"
    [run] = second["runs"]
    assert (run["id"], run["after"], run["checkpoint"], run["examples"]) == (runs[1].id, 1.25, 3, 240)


def test_json_and_csv_exclude_each_other(mlrun, make):
    outcome = mlrun("runs", "compare", make().id, "--json", "--csv")
    assert (outcome.code, outcome.out) == (2, "")
    assert "exclude each other" in outcome.err


def test_each_run_without_the_evaluation_is_a_line_with_the_command_that_makes_it(mlrun, make):
    runs = [make(), make("seed=1", errors=()), make("seed=2", shots=20)]
    outcome = mlrun("runs", "compare", *(run.path for run in runs), "--shots", 10, "--steps", 1)
    assert (outcome.code, outcome.out) == (2, "")
    lines = outcome.err.splitlines()
    assert len(lines) == 2
    for line, run in zip(lines, runs[1:], strict=True):
        assert line.endswith(f"mlrun eval {run.path} --shots 10 --steps 1")


def test_another_protocol_can_be_asked_for(mlrun, make):
    runs = [make(), make("seed=1")]
    for run, errors in zip(runs, ((5.0, 5.0), (6.0, 6.0)), strict=True):
        run.save_evaluation(report(run, [{"mse": [9.0, 9.0]}, {"mse": errors}], split="train", shots=20))
    ids = [run.id for run in runs]
    data = json.loads(mlrun("runs", "compare", *ids, "--split", "train", "--shots", 20, "--json").out)
    assert (data["split"], data["shots"], data["groups"][0]["after"]["mean"]["value"]) == ("train", 20, 5.5)
    refused = mlrun("runs", "compare", *ids, "--episodes", 20)
    assert (refused.code, refused.out) == (2, "")
    assert "use --shots" in refused.err


def test_a_difference_in_what_was_evaluated_is_one_line(mlrun, make):
    outcome = mlrun("runs", "compare", make().id, make("benchmark.seed=1").id)
    assert (outcome.code, outcome.out) == (2, "")
    [line] = outcome.err.splitlines()
    assert "benchmark.seed is 0 in" in line


def test_notes_name_unfinished_runs_and_outdated_evaluations(mlrun, make):
    stopped = make(rows=ROWS[:1])
    with pytest.raises(Interrupted), stopped.training():
        raise Interrupted(15)
    older = make("seed=1")
    older.checkpoints.save(2, {}, best=True)
    outcome = mlrun("runs", "compare", stopped.id, older.id)
    assert outcome.code == 0
    assert outcome.err.splitlines() == [
        f"{stopped.id} is interrupted, after 1 of 3 iterations",
        f"{older.id} is compared at checkpoint 3, by its newest evaluation; its best is 2",
    ]


def test_a_run_that_is_named_twice_counts_once(mlrun, make):
    run = make()
    outcome = mlrun("runs", "compare", run.id, run.path, "--json")
    assert outcome.code == 0
    assert len(json.loads(outcome.out)["groups"][0]["runs"]) == 1


def test_every_damaged_run_is_a_line(mlrun, make):
    runs = [make(), make("seed=1"), make("seed=2")]
    (runs[0].path / "metrics.jsonl").write_text("{\n{\n")
    next((runs[2].path / "eval").iterdir()).write_text("{")
    outcome = mlrun("runs", "compare", *(run.id for run in runs))
    assert (outcome.code, outcome.out) == (1, "")
    first, second = outcome.err.splitlines()
    assert "metrics.jsonl" in first
    assert "3-10shots-1steps.json is damaged" in second


def test_comparing_needs_no_torch(make):
    code = f"""
import sys
from mlrun.cli import main
assert main(["runs", "compare", {str(make().path)!r}]) == 0
assert not {{"torch", "mujoco"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
