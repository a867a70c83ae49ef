"""Many runs that start at once, and two processes that train the same run."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from mlrun.config import dump_experiment
from tests.chaos.ground import Ground, Tally, Trial, ended, experiments
from tests.chaos.processes import Outcome, Process
from tests.chaos.processes import run as run_process


def run(ground: Ground, starts: int) -> Tally:
    """Starts many runs at once. Then resumes a run that is being trained, and one whose process was killed."""
    tally, place = Tally(), ground.place("starts")
    _at_once(starts, place, tally)
    _second_writer(Trial(next(ground.cases()), place / "contested"), tally)
    return tally


def _at_once(starts: int, place: Path, tally: Tally) -> None:
    config, runs = place / "config.yaml", place / "runs"
    config.write_text(dump_experiment(experiments(1)["scratch-sinusoid"]))
    gate = place / "gate"
    os.mkfifo(gate)
    processes = [Process(["train", config, "--runs-dir", runs], place, gate=gate) for _ in range(starts)]
    time.sleep(1)  # until all of them wait
    with gate.open("wb"):
        outcomes = [ended(process, 60 + 2 * starts) for process in processes]
    tally.done += starts
    tally.failures += [f"a start: {outcome}" for outcome in outcomes if isinstance(outcome, str) or outcome.code]
    printed = {outcome.out.strip() for outcome in outcomes if isinstance(outcome, Outcome)}
    found = {str(path) for path in runs.iterdir()}
    if len(found) != starts or found != printed:
        tally.failures.append(f"{starts} starts printed {len(printed)} paths and left {len(found)}; see {runs}")


def _second_writer(trial: Trial, tally: Tally) -> None:
    trial.place.mkdir()
    process = trial.go_on()
    while process.running and not (trial.run and (trial.run / "checkpoints" / "last").exists()):
        time.sleep(0.001)
    process.send(signal.SIGSTOP)
    second = run_process(["resume", trial.run], trial.place)
    tally.note(f"second writer: exit code {second.code}")
    if second.code != 4 or f"is being trained by another process, {process.pid} on" not in second.err:
        tally.failures.append(trial.failed(f"a second resume of a live run: {second}"))
    process.send(signal.SIGKILL)
    ended(process, 10)
    tally.failures += [trial.failed(f"after a kill: {failure}") for failure in trial.finish()]
