"""Many runs that start at once, and two processes that want the same run."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from mlrun.config import dump_experiment
from tests.chaos.ground import Ground, Tally, Trial, ended, experiments
from tests.chaos.processes import Process
from tests.chaos.processes import run as run_process

_TOGETHER = 0.1  # seconds per process until all of them begin


def run(ground: Ground, starts: int) -> Tally:
    """Start so many runs at once; then resume a run that is being trained, and one whose process was killed."""
    tally, place = Tally(), ground.place("starts")
    _at_once(starts, place, tally)
    _second_writer(Trial(next(ground.cases()), place / "contested"), tally)
    return tally


def _at_once(starts: int, place: Path, tally: Tally) -> None:
    config, runs = place / "config.yaml", place / "runs"
    config.write_text(dump_experiment(experiments(1)["scratch-sinusoid"]))
    moment = time.monotonic() + 2 + starts * _TOGETHER
    arguments = ["train", config, "--runs-dir", runs]
    processes = [Process(arguments, place, start_at=moment) for _ in range(starts)]
    if time.monotonic() > moment:
        tally.note("began before all were there")
    printed = set()
    for process in processes:
        outcome = ended(process, 60 + 2 * starts)
        tally.done += 1
        if isinstance(outcome, str) or outcome.code != 0:
            tally.failures.append(f"a start: {outcome}")
        else:
            printed.add(outcome.out.strip())
    found = {str(path) for path in runs.iterdir()}
    if not len(found) == len(printed) == starts or found != printed:
        tally.failures.append(f"{starts} starts printed {len(printed)} paths and left {len(found)}; see {runs}")


def _second_writer(trial: Trial, tally: Tally) -> None:
    trial.place.mkdir()
    process = trial.go_on()
    while process.running and not (trial.run and (trial.run / "checkpoints" / "last").exists()):
        time.sleep(0.002)
    second = run_process(["resume", trial.run], trial.place)
    tally.note(f"second writer: exit code {second.code}")
    holder = "is being trained by another process" in second.err and f" {process.pid} " in second.err
    if process.running and not (second.code == 4 and holder):
        tally.failures.append(f"a second resume of a live run: {second}; see {trial.place}")
    process.send(signal.SIGKILL)
    ended(process, 10)
    tally.failures += [trial.failed(f"after a kill: {failure}") for failure in trial.finish()]
