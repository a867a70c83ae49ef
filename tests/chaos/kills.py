"""SIGKILL at random moments: a resumed run must end like an undisturbed one."""

from __future__ import annotations

import itertools
import random
import signal
import time

from tests.chaos.ground import Ground, Tally, Trial, ended
from tests.chaos.processes import Process

_PER_RUN = 4
ENOUGH = 10  # failures after which a stage ends
_REAL = 10  # one of this many attempts is a new process instead of a forked one


def run(ground: Ground, kills: int) -> Tally:
    """Kills runs of all cases, resumes them, and compares them with the undisturbed runs."""
    tally, rng = Tally(), ground.random("kills")
    place = ground.place("kills")
    for number, case in enumerate(itertools.cycle(ground.cases())):
        if tally.done >= kills or tally.failures[ENOUGH:]:
            return tally
        trial = Trial(case, place / f"{number:03d}-{case.name}")
        trial.place.mkdir()
        wanted = min(_PER_RUN, kills - tally.done)
        failures = attack(trial, wanted, tally, rng)
        tally.failures += [trial.failed(failure) for failure in failures]
        if not failures:
            trial.clear()
    return tally


def attack(trial: Trial, kills: int, tally: Tally, rng: random.Random) -> list[str]:
    """Kills a run several times, unless it finishes earlier, and finishes it. Returns what is wrong."""
    for _ in range(kills):
        real = (tally.done + 1) % _REAL == 0
        process = trial.go_on(real=real)
        strike_moment(process, trial, rng, start_up=2.0 if real else 0.0)
        process.send(signal.SIGKILL)
        outcome = ended(process, 10)
        if isinstance(outcome, str):
            return [outcome]
        if outcome.code != 128 + signal.SIGKILL:
            return trial.differences() if outcome.code == 0 else [f"failed by itself: {outcome}"]
        tally.done += 1
        tally.note("in processes of their own" if real else "in forked processes")
        tally.note("that left a half-written file", int(any(trial.place.rglob(".*.tmp"))))
    return trial.finish()


def strike_moment(process: Process, trial: Trial, rng: random.Random, *, start_up: float = 0.0) -> None:
    """Waits for a random moment, in half of the cases for one at which a file is being written."""
    _sleep(process, start_up + rng.uniform(0, 0.6 * trial.case.seconds))
    if rng.random() < 0.5:
        wait_for_write(process, trial)
        _sleep(process, rng.uniform(0, 0.004))


def wait_for_write(process: Process, trial: Trial) -> None:
    """Waits until a temporary file appears among the checkpoints, but at most a second."""
    deadline = time.monotonic() + 1.0
    while process.running and time.monotonic() < deadline:
        if next(trial.place.glob("runs/*/checkpoints/.*.tmp"), None):
            return


def _sleep(process: Process, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while process.running and time.monotonic() < deadline:
        time.sleep(0.001)
