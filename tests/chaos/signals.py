"""SIGTERM, SIGINT and SIGUSR1 at random moments: saved, said, and resumed exactly."""

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

_PROMPTLY = 10  # seconds in which a process ends that was asked to
_PER_RUN = 3
_REAL = 10  # every so many attempts are processes of their own, signalled while they import too
_STOPS = (signal.SIGTERM, signal.SIGINT)


def run(ground: Ground, signals: int) -> Tally:
    """Send so many of each of SIGTERM and SIGINT, and a tenth as many in each of the special ways."""
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
    """Signals for one run."""

    def __init__(self, trial: Trial, tally: Tally, rng: random.Random) -> None:
        self.trial, self.tally, self.rng = trial, tally, rng
        trial.place.mkdir()

    def stops(self, numbers: Sequence[signal.Signals]) -> None:
        """Stop the run with each of the signals in turn, then finish it."""
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
        """A second signal ends it at once; what was saved is resumed."""
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
        """A SIGINT that the parent had ignored, as with nohup or in a shell's background, stays ignored."""
        process = self.trial.go_on(ignored=[signal.SIGINT])
        strike_moment(process, self.trial, self.rng)
        process.send(signal.SIGINT)
        self.tally.note("ignored signals")
        self._end_with(ended(process, 60))

    def save(self) -> None:
        """SIGUSR1 saves, and the run goes on; it would end a process that has not come to its run yet."""
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
        if outcome.err.endswith("\nKeyboardInterrupt\n"):  # Python itself, which had not come to mlrun yet
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
        """What run.json says, or None if the process ended before there was one."""
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
