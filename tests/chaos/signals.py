"""SIGTERM, SIGINT and SIGUSR1 at random moments: mlrun must save, say so, and resume exactly."""

from __future__ import annotations

import itertools
import json
import random
import signal
import time
from collections.abc import Sequence

from tests.chaos.ground import Ground, Tally, Trial, ended
from tests.chaos.kills import ENOUGH, strike_moment
from tests.chaos.processes import Outcome

_PROMPTLY = 10  # seconds within which a process must end after a signal
_PER_RUN = 3
_REAL = 10  # one of this many attempts is a new process, which may get the signal while it imports
_STOPS = (signal.SIGTERM, signal.SIGINT)


def run(ground: Ground, signals: int) -> Tally:
    """Sends SIGTERM and SIGINT, each that often, and makes a tenth as many attacks of each special kind."""
    tally, rng = Tally(), ground.random("signals")
    place, cases = ground.place("signals"), itertools.cycle(ground.cases())
    numbers = _STOPS * signals
    for number, case in enumerate(cases):
        if tally.done >= len(numbers) or tally.failures[ENOUGH:]:
            break
        some = numbers[tally.done : tally.done + _PER_RUN]
        _Attack(Trial(case, place / f"{number:03d}"), tally, rng).stops(some)
    for number in range(max(1, signals // 10)):
        _Attack(Trial(next(cases), place / f"twice-{number}"), tally, rng).twice(_STOPS[number % 2])
        _Attack(Trial(next(cases), place / f"ignored-{number}"), tally, rng).ignored()
        _Attack(Trial(next(cases), place / f"save-{number}"), tally, rng).save()
    return tally


class _Attack:
    """The attacks on one run."""

    def __init__(self, trial: Trial, tally: Tally, rng: random.Random) -> None:
        self.trial, self.tally, self.rng = trial, tally, rng
        trial.place.mkdir()

    def stops(self, numbers: Sequence[signal.Signals]) -> None:
        """Stops and resumes the run with one signal after the other, then finishes it."""
        for number in numbers:
            real = (self.tally.done + 1) % _REAL == 0
            process = self.trial.go_on(real=real)
            strike_moment(process, self.trial, self.rng, start_up=self.rng.uniform(0, 2) if real else 0.0)
            hit = process.send(number)
            outcome = ended(process, _PROMPTLY)
            if failure := self._not_as_promised(outcome, number, hit):
                self._end([failure])
                return
            if not hit:
                break
            self.tally.done += 1
            self.tally.note(f"{number.name}{' to processes of their own' if real else ''}")
        self._end(self.trial.finish())

    def twice(self, number: signal.Signals) -> None:
        """Sends the signal twice: the second must end the process at once, and the run must resume."""
        process = self.trial.go_on()
        strike_moment(process, self.trial, self.rng)
        process.send(number)
        process.send(number)
        outcome = ended(process, _PROMPTLY)
        self.tally.note("second signals")
        if isinstance(outcome, str) or outcome.code not in (0, 128 + number):
            self._end([f"after two of {number.name}: {outcome}"])
        else:
            self._end(self.trial.finish())

    def ignored(self) -> None:
        """Sends a SIGINT that the parent ignores, as in the background of a shell: it must stay ignored."""
        process = self.trial.go_on(ignored=[signal.SIGINT])
        strike_moment(process, self.trial, self.rng)
        process.send(signal.SIGINT)
        self.tally.note("ignored signals")
        self._end_with(ended(process, 60))

    def save(self) -> None:
        """Sends SIGUSR1: the run must save and go on. Before the run begins, the signal would end the process."""
        process = self.trial.go_on()
        while process.running and not self.trial.run:
            time.sleep(0.001)
        strike_moment(process, self.trial, self.rng)
        process.send(signal.SIGUSR1)
        self.tally.note("SIGUSR1")
        self._end_with(ended(process, 60))

    def _not_as_promised(self, outcome: Outcome | str, number: signal.Signals, hit: bool) -> str | None:
        if isinstance(outcome, str):
            return f"{number.name}: {outcome}"
        if outcome.err.endswith("\nKeyboardInterrupt\n"):  # Python itself ended, before mlrun ran
            return None
        if outcome.code not in ((0, 128 + number) if hit else (0,)):
            return f"{number.name}: {outcome}"
        status = self._status()
        if status not in (None, "finished" if outcome.code == 0 else "interrupted"):
            return f"{number.name}: run.json says {status}; {outcome}"
        if "Traceback" in outcome.err:
            return f"{number.name}: a traceback; {outcome}"
        return None

    def _status(self) -> str | None:
        """The status in run.json. None if the process ended before there was one."""
        run = self.trial.run
        path = None if run is None else run / "run.json"
        return json.loads(path.read_text())["status"] if path and path.exists() else None

    def _end_with(self, outcome: Outcome | str) -> None:
        if isinstance(outcome, str) or outcome.code != 0:
            self._end([f"did not go on: {outcome}"])
        else:
            self._end(self.trial.differences())

    def _end(self, failures: list[str]) -> None:
        self.tally.failures += [self.trial.failed(failure) for failure in failures]
        if not failures:
            self.trial.clear()
