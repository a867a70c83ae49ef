"""The scripts of docs/sweeps.md as they stand there, with commands in place of `mlrun` and Slurm that only report."""

import os
import re
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from mlrun.config import load_experiment

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
LOOP, PARALLEL, _, SLURM, _ = re.findall(r"```bash\n(.*?)```", TEXT, flags=re.DOTALL)

# Notes how it was called; `train` makes a run and prints it, and ends with the next of the exit codes in a file.
MLRUN = """\
#!/bin/bash
echo "$*" >> "$CALLS"
[ "$1" = train ] || exit 0
run=${MLRUN_RUNS_DIR:-runs}/$RANDOM$RANDOM
mkdir -p "$run"; echo "$run"
code=$(head -1 codes 2> /dev/null); sed -i 1d codes 2> /dev/null
exit ${code:-0}
"""


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """Runs a script, and tells by which command lines mlrun, and others that are named, were called."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, text in {
        "mlrun": MLRUN,
        "srun": '#!/bin/bash\n"$@"',
        "scontrol": '#!/bin/bash\necho "$*" >> "$CALLS"',
    }.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    calls = tmp_path / "calls"
    monkeypatch.chdir(tmp_path)

    def run(script, codes=(), **variables):
        calls.write_text("")
        Path("codes").write_text("".join(f"{code}\n" for code in codes))
        environment = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", "CALLS": str(calls), **variables}
        code = subprocess.run(["bash", "-c", script], env=environment, check=False, timeout=30).returncode
        return code, calls.read_text().splitlines()

    return run


def trained(calls):
    """The experiments of the calls to `train`, by rate and seed."""
    found = {}
    for call in (shlex.split(call) for call in calls if call.startswith("train ")):
        config, options = call[1], call[2:]
        settings = [value for option, value in pairwise(options) if option == "--set"]
        seed, name = options[options.index("--seed") + 1], options[options.index("--name") + 1]
        experiment = load_experiment(ROOT / config, [*settings, f"seed={seed}", f"name={name}"])
        rate = experiment.model_dump()["algorithm"]["inner"]["learning_rate"]
        assert name == f"rate-{rate:g}"
        found[rate, experiment.seed] = experiment
    return found


ALL = {(rate, seed) for rate in (0.002, 0.005, 0.02) for seed in (0, 1, 2)}


def test_the_loop_trains_and_evaluates_everything(sweep):
    _, calls = sweep(LOOP)
    assert trained(calls).keys() == ALL
    assert sum(call.startswith("eval runs/") for call in calls) == len(ALL)


def test_a_diverged_run_does_not_end_the_loop_and_an_interrupt_does(sweep):
    _, calls = sweep(LOOP, codes=(0, 3, 0, 130))
    assert [call.split()[0] for call in calls] == ["train", "eval", "train", "train", "eval", "train"]


@pytest.mark.skipif(shutil.which("parallel") is None, reason="GNU parallel is not installed")
def test_parallel_trains_and_evaluates_everything(sweep):
    _, calls = sweep(PARALLEL)
    assert trained(calls).keys() == ALL
    assert sum(call.startswith("eval runs/") for call in calls) == len(ALL)


def test_the_tasks_of_the_array_are_the_whole_grid(sweep):
    runs = {}
    for task in range(9):
        code, calls = sweep(SLURM, SLURM_ARRAY_JOB_ID="7", SLURM_ARRAY_TASK_ID=str(task), SLURM_JOB_ID=str(100 + task))
        assert code == 0
        runs |= trained(calls)
    assert runs.keys() == ALL
    assert "--array=0-8 " in SLURM


def test_a_task_that_was_stopped_queues_again_and_goes_on_with_its_run(sweep):
    task = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "4", "SLURM_JOB_ID": "104"}
    code, calls = sweep(SLURM, codes=(143,), **task)
    assert code == 143
    assert calls[-1] == "requeue 104"
    (run,) = Path("runs/7/4").iterdir()
    assert sweep(SLURM, **task) == (0, [f"resume {run}/"])
