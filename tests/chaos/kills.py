"""SIGKILL at random moments: what is resumed ends as if nothing had been."""

from __future__ import annotations

import itertools
import random
import signal
import time

from tests.chaos.ground import Ground, Tally, Trial, ended
from tests.chaos.processes import Process

_PER_RUN = 4
ENOUGH = 10  # failures
_REAL = 10  # every so many attempts are processes of their own from the start


def run(ground: Ground, kills: int) -> Tally:
    """Kill runs of all cases so many times in all, and compare what they end with."""
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
    """Kill a run so many times, or until it is done, and finish it; returns what is wrong then."""
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
    """Wait for a random moment, every other time for one at which a file is being written."""
    _sleep(process, start_up + rng.uniform(0, 0.6 * trial.case.seconds))
    if rng.random() < 0.5:
        wait_for_write(process, trial)
        _sleep(process, rng.uniform(0, 0.004))


def wait_for_write(process: Process, trial: Trial) -> None:
    """Wait until a temporary file appears among the checkpoints."""
    deadline = time.monotonic() + 1.0
    while process.running and time.monotonic() < deadline:
        if next(trial.place.glob("runs/*/checkpoints/.*.tmp"), None):
            return


def _sleep(process: Process, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while process.running and time.monotonic() < deadline:
        time.sleep(0.001)
