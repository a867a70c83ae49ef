"""What every stage uses: a directory, random numbers, experiments with their undisturbed runs, and a tally."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from mlrun.config import dump_experiment
from mlrun.config.schema import Experiment, experiment_model
from mlrun.runs.directory import RunDirectory
from tests.chaos.processes import ALIVE, Outcome, Process, StillRunningError
from tests.training.test_all_algorithms import CASES, experiment
from tests.training.watcher import timeless


@dataclass
class Tally:
    """The result of a stage.

    Attributes:
        done: the number of attacks.
        failures: one text for each failure. It says where the evidence is.
        notes: counts of events, by name.
    """

    done: int = 0
    failures: list[str] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)

    def note(self, what: str, count: int = 1) -> None:
        """Counts an event."""
        self.notes[what] = self.notes.get(what, 0) + count


@dataclass(frozen=True)
class Case:
    """An experiment and its undisturbed run.

    Attributes:
        name: algorithm and benchmark.
        config: the file of the experiment.
        reference: the run directory of the undisturbed run.
        seconds: how long the undisturbed run took.
    """

    name: str
    config: Path
    reference: Path
    seconds: float


class Ground:
    """The directory, the random numbers and the experiments of all stages.

    Args:
        directory: an empty directory for all files.
        seed: of all random numbers.
        iterations: the number of iterations of the runs that are attacked.
    """

    def __init__(self, directory: Path, seed: int, iterations: int = 60) -> None:
        self.directory = directory
        self.seed = seed
        self.iterations = iterations
        self._cases: dict[str, Case] = {}

    def random(self, stage: str) -> random.Random:
        """The random numbers of one stage. Every stage has its own."""
        return random.Random(f"{self.seed}/{stage}")

    def place(self, name: str) -> Path:
        """Makes an empty directory. Each name can be used once."""
        path = self.directory / name
        path.mkdir(parents=True)
        return path

    def cases(self) -> Iterator[Case]:
        """All pairs of an algorithm and a kind of problem, and one with the arm. Each is first run undisturbed."""
        for name, what in experiments(self.iterations).items():
            if name not in self._cases:
                self._cases[name] = self._undisturbed(name, what)
            yield self._cases[name]

    def _undisturbed(self, name: str, what: Experiment) -> Case:
        place = self.place(f"undisturbed/{name}")
        config = place / "config.yaml"
        config.write_text(dump_experiment(what))
        outcome = Process(["train", config, "--runs-dir", place / "runs"], place).wait(600)
        if outcome.code != 0:
            raise RuntimeError(f"{name} fails undisturbed: {outcome}")
        return Case(name, config, Path(outcome.out.strip()), outcome.seconds)


def experiments(iterations: int) -> dict[str, Experiment]:
    """Tiny experiments with a checkpoint at every iteration, by name: those of `Ground.cases`."""
    pairs = {f"{algorithm}-{problem}": experiment(algorithm, problem, iterations) for algorithm, problem in CASES}
    return {**pairs, "maml-ml1": _arm(max(2, iterations // 4))}


def _arm(iterations: int) -> Experiment:
    data = {
        "seed": 5,
        "threads": 1,
        "benchmark": {"name": "ml1/reach-v3", "num_tasks": 4, "horizon": 5},
        "algorithm": {"name": "maml"},
        "policy": {"hidden_sizes": (6,)},
        "rollouts": {"episodes_per_task": 2},
        "training": {"iterations": iterations, "tasks_per_batch": 3, "evaluate_every": 4, "checkpoint_every": 1},
        "evaluation": {"episodes": 2},
    }
    return experiment_model(data).model_validate(data)


@dataclass
class Trial:
    """One run of a case, which is attacked and resumed until it is finished.

    Attributes:
        case: the case.
        place: an empty directory for the run.
        attempts: the number of processes so far.
    """

    case: Case
    place: Path
    attempts: int = 0

    @property
    def run(self) -> Path | None:
        """The run directory. None before there is one that can be resumed."""
        return next((path.parent for path in self.place.glob("runs/*/config.yaml")), None)

    def go_on(self, **options: Any) -> Process:
        """Starts the run, or resumes it."""
        self.attempts += 1
        run = self.run
        if run is not None:
            return Process(["resume", run], self.place, **options)
        shutil.rmtree(self.place / "runs", ignore_errors=True)  # killed before there was a run to resume
        return Process(["train", self.case.config, "--runs-dir", self.place / "runs"], self.place, **options)

    def finish(self) -> list[str]:
        """Resumes the run until it is finished. Returns what is wrong with it."""
        outcome = ended(self.go_on(), ALIVE)
        if isinstance(outcome, str):
            return [outcome]
        return [f"not resumed: {outcome}"] if outcome.code != 0 else self.differences()

    def differences(self) -> list[str]:
        """The differences from the undisturbed run, in words."""
        if self.run is None:
            return ["there is no run"]
        return differences(self.run, self.case.reference)

    def failed(self, what: str) -> str:
        """The text of a failure, with the place of the evidence."""
        return f"{self.case.name}, process {self.attempts}: {what}; see {self.place}"

    def clear(self) -> None:
        """Deletes the files of a trial without failures."""
        shutil.rmtree(self.place)


def ended(process: Process, timeout: float) -> Outcome | str:
    """The outcome of a process, or a text if it did not end in time."""
    try:
        return process.wait(timeout)
    except StillRunningError as error:
        return str(error)


def differences(run: Path, reference: Path) -> list[str]:
    """The differences, in words, between a finished run and a reference that must have computed the same."""
    ours, theirs = (RunDirectory.open(str(path), path.parent) for path in (run, reference))
    found = [] if timeless(ours) == timeless(theirs) else ["metrics differ"]
    status = ours.manifest.read()["status"]
    if status != "finished":
        found.append(f"run.json says {status}")
    for which in ("last", "best"):
        one, other = (_without_clock(each.checkpoints.load(which)) for each in (ours, theirs))
        if not identical(one, other):
            found.append(f"the {which} checkpoint differs, of iterations {one['iteration']} and {other['iteration']}")
    leftovers = sorted(path.name for path in run.rglob(".*.tmp"))
    return found + ([f"temporary files are left: {', '.join(leftovers)}"] if leftovers else [])


def identical(one: Any, other: Any) -> bool:
    """Whether two states are equal bit by bit."""
    if isinstance(one, torch.Tensor):
        return (
            one.dtype == other.dtype and one.shape == other.shape and one.numpy().tobytes() == other.numpy().tobytes()
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(identical, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


def _without_clock(state: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key != "elapsed"}
