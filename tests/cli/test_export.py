import csv
import subprocess
import sys

import pytest

from tests.run_results import REACH, RL2, SINUSOID, make_run, of_memory, report


@pytest.fixture
def run(mlrun, tmp_path):
    run = make_run(tmp_path, SINUSOID, rows=[{"iteration": i, "time": 2.5 * i} for i in range(1, 5000)])
    run.save_evaluation(report(run, [{"mse": [4.0, 3.0]}, {"mse": [2.0, 1.0]}]))
    return run


def test_it_is_csv_of_metrics_or_of_evaluations(mlrun, run):
    metrics = mlrun("runs", "export", run.id, "--csv")
    assert (metrics.code, metrics.err) == (0, "")
    assert metrics.out.splitlines()[:2] == ["run,seed,iteration,time", f"{run.id},0,1,2.5"]
    assert mlrun("runs", "export", run.id).out == metrics.out
    evaluations = mlrun("runs", "export", run.id, "--what", "evaluations").out.splitlines()
    assert evaluations[0] == "run,seed,split,checkpoint,shots,task,step,mse"
    assert evaluations[1] == f"{run.id},0,test,3,10,0,0,4.0"
    assert len(evaluations) == 1 + 2 * 2


def test_all_learners_are_on_one_axis_of_adaptation_episodes(mlrun, tmp_path):
    steps = [{"return": [1.0]}, {"return": [2.0]}]
    maml, rl2 = (make_run(tmp_path, text) for text in (REACH, RL2))
    maml.save_evaluation(report(maml, steps))
    rl2.save_evaluation(report(rl2, steps, **of_memory(steps)))
    out = mlrun("runs", "export", maml.id, rl2.id, "--what", "evaluations").out
    rows = list(csv.DictReader(out.splitlines()))
    assert [(row["run"], row["step"], row["adaptation_episodes"]) for row in rows] == [
        (maml.id, "0", "0"),
        (maml.id, "1", "10"),
        (rl2.id, "0", "0"),
        (rl2.id, "1", "1"),
    ]


def test_a_damaged_run_is_a_line_and_no_table(mlrun, run):
    (run.path / "metrics.jsonl").write_text("{\n{\n")
    outcome = mlrun("runs", "export", run.id)
    assert (outcome.code, outcome.out) == (1, "")
    [line] = outcome.err.splitlines()
    assert "metrics.jsonl:1" in line


def test_a_reader_that_leaves_early_is_no_error_and_torch_is_not_needed(run):
    code = f"""
import sys
from mlrun.cli import main
main(["runs", "export", {str(run.path)!r}])
assert not {{"torch", "mujoco", "numpy"}} & set(sys.modules)
"""
    line = f"{sys.executable} -c '{code.replace(chr(39), chr(34))}' | head -n 1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"run,seed,iteration,time\n", b"")
