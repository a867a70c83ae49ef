"""The disk fills up during training.

mlrun must print one clear line, keep the checkpoints intact, and resume exactly once there is space again.
"""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.ground import Ground, Tally, Trial, ended
from tests.chaos.processes import Outcome, Process
from tests.chaos.processes import run as run_process

_SIZE = "4m"


def run(ground: Ground, count: int) -> Tally:
    """Trains runs and fills the disk of each at a random moment."""
    tally, rng = Tally(), ground.random("disk")
    place = ground.place("disk")
    with _small_disk(place / "disk") as disk:
        if disk is None:
            tally.note("left out: mounting a small tmpfs needs root")
            return tally
        for number, case in enumerate(itertools.islice(itertools.cycle(ground.cases()), count)):
            trial = Trial(case, disk / f"{number:03d}")
            trial.place.mkdir()
            tally.done += 1
            if failures := _attack(trial, place, disk, rng, tally):
                kept = shutil.copytree(trial.place, place / trial.place.name, symlinks=True)
                tally.failures += [f"{case.name}: {failure}; see {kept}" for failure in failures]
            trial.clear()
    return tally


def _attack(trial: Trial, place: Path, disk: Path, rng: random.Random, tally: Tally) -> list[str]:
    process = Process(["train", trial.case.config, "--runs-dir", trial.place / "runs"], place)
    deadline = time.monotonic() + rng.uniform(0.2, 0.8) * trial.case.seconds
    while process.running and (time.monotonic() < deadline or not trial.run):
        time.sleep(0.001)
    ballast = disk / "ballast"
    _fill(ballast, leave=rng.choice((0, 0, 4096, 8192)))
    outcome = ended(process, 60)
    failures = _promised(outcome, tally)
    if isinstance(outcome, Outcome) and outcome.code == 1 and trial.run is not None:
        failures += _promised(ended(Process(["resume", trial.run], place), 60), tally)
        failures += _readable(trial, place)
    ballast.unlink()
    return failures or _finished(trial, place)


def _promised(outcome: Outcome | str, tally: Tally) -> list[str]:
    """What is wrong with the end of a process whose disk became full. The process may also have finished before."""
    if isinstance(outcome, str):
        return [outcome]
    tally.note(f"exit code {outcome.code}")
    errors = [line for line in outcome.err.splitlines() if line.startswith("mlrun: error:")]
    clear = len(errors) == 1 and "No space left" in errors[0] and "Traceback" not in outcome.err
    return [] if outcome.code == 0 or (outcome.code == 1 and clear) else [f"{outcome}"]


def _readable(trial: Trial, place: Path) -> list[str]:
    """What is wrong with the output of ``runs show`` when the disk is full."""
    outcome = run_process(["runs", "show", trial.run], place)
    return [] if outcome.code == 0 and "damaged" not in outcome.out + outcome.err else [f"runs show: {outcome}"]


def _finished(trial: Trial, place: Path) -> list[str]:
    outcome = ended(Process(["resume", trial.run], place), 60)
    if isinstance(outcome, str) or outcome.code != 0:
        return [f"not resumed: {outcome}"]
    return trial.differences()


def _fill(path: Path, leave: int) -> None:
    """Fills the disk except for some bytes."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(0, file.tell() - leave))


@contextmanager
def _small_disk(path: Path) -> Iterator[Path | None]:
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", path], capture_output=True, check=False
    )
    try:
        yield path if mounted.returncode == 0 else None
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", path], check=True)
