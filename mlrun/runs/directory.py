"""The directory of one run: making, finding and opening it, and writing to it while the run trains."""

from __future__ import annotations

import difflib
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlrun.config import dump_experiment, load_experiment
from mlrun.config.registries import algorithms, benchmarks
from mlrun.errors import MlrunError, RunNotFoundError
from mlrun.runs.checkpoints import Checkpoints
from mlrun.runs.files import remove_temporaries, write_json, write_text
from mlrun.runs.layout import (
    CHECKPOINTS,
    CONFIG,
    DIVERGENCE,
    EVALUATIONS,
    LOG,
    MANIFEST,
    METRICS,
    TASKS,
    looks_like_a_run,
    require_own_files,
)
from mlrun.runs.lock import run_lock
from mlrun.runs.manifest import Manifest
from mlrun.runs.metrics import MetricsLog
from mlrun.runs.same_experiment import require_recorded_experiment, require_training_state

if TYPE_CHECKING:
    from mlrun.benchmarks.protocol import Benchmark
    from mlrun.config.schema import Experiment

logger = logging.getLogger("mlrun")


class RunDirectory:
    """The directory of one run, and its files. Make one with `create` or `open`.

    ::

        config.yaml      the experiment, with all defaults
        run.json         the manifest
        tasks.json       the benchmark's tasks, as numbers
        metrics.jsonl    one row for each iteration
        train.log        what happened, with the traceback of a failure
        checkpoints/     000100.pt, ..., last, best
        eval/            one JSON file for each evaluation
        divergence.json  where the run diverged, if it did

    Attributes:
        path: the directory.
        manifest: how the run was made and how it went.
        metrics: the rows of metrics.
        checkpoints: the checkpoints.
    """

    def __init__(self, path: Path, experiment: Experiment) -> None:
        self.path = path
        self._experiment = experiment
        self.manifest = Manifest(path / MANIFEST)
        self.metrics = MetricsLog(path / METRICS)
        self.checkpoints = Checkpoints(
            path / CHECKPOINTS, keep=experiment.training.keep_checkpoints, check=require_training_state
        )

    @classmethod
    def create(cls, runs_dir: Path, experiment: Experiment) -> RunDirectory:
        """Make the directory of a new run. Runs that start at the same time get different directories.

        Args:
            runs_dir: where run directories are. It is made if it is missing.
            experiment: the experiment to run. Its name, or else its algorithm and benchmark, is part of the run's id.
        """
        text = dump_experiment(experiment)
        path = _make_unique(runs_dir, _name(experiment), experiment.seed)
        run = cls(path, experiment)
        run.manifest.create(run.id, experiment)
        write_text(path / CONFIG, text)  # last, since a directory with a config.yaml is a run that can be resumed
        return run

    @classmethod
    def open(cls, path_or_id: str, runs_dir: Path) -> RunDirectory:
        """Open a run by its path, or by its id under `runs_dir`.

        Raises:
            RunNotFoundError: there is no such run, or the directory is no run.
            ConfigError: its config.yaml is not valid.
            ChangedExperimentError: its config.yaml was changed in a key that decides what is computed.
            MlrunError: one of its files is a link or a pipe.
        """
        directories = [path for path in (Path(path_or_id), runs_dir / path_or_id) if path.is_dir()]
        if not directories:
            raise RunNotFoundError(_not_found(path_or_id, runs_dir))
        for path in directories:
            if (path / CONFIG).is_file():
                require_own_files(path)
                experiment = load_experiment(path / CONFIG)
                require_recorded_experiment(path, experiment, but_for="evaluation")
                return cls(path, experiment)
        raise RunNotFoundError(f"{directories[0]} is not a run directory: it has no config.yaml")

    @property
    def id(self) -> str:
        """Name of the directory, for example ``20261122-231608-maml-reach-s0-a1b2``."""
        return self.path.resolve().name

    def experiment(self) -> Experiment:
        """The experiment, with all defaults."""
        return self._experiment

    def is_finished(self) -> bool:
        """Whether it has done all iterations that its experiment asks for now."""
        done = any(number >= self._experiment.training.iterations for number in self.checkpoints.iterations())
        return done and self.manifest.read()["status"] == "finished"

    @contextmanager
    def training(self, device: str | None = None, physics: str | None = None) -> Iterator[None]:
        """A context for training the run. It holds the lock, writes the log, and records how the training ends.

        Args:
            device: the device that is used, for the manifest.
            physics: the physics engine that is used, for the manifest.

        Raises:
            RunLockedError: another process trains this run. The lock is released when that process ends.
            ChangedExperimentError: its config.yaml was changed in a key that decides what is computed.
        """
        with run_lock(self.path), self._logging_to_file():
            require_recorded_experiment(self.path, self._experiment)
            remove_temporaries(self.path, self.checkpoints.directory)
            self.manifest.start(device, physics, _plugins(self._experiment))
            logger.info("started")
            started = time.monotonic()
            try:
                yield
            except BaseException as error:
                status, reason = _ending(error)
                logger.error("%s: %s", status, reason, exc_info=error if status == "failed" else None)
                with suppress(OSError):  # a full disk must not hide why training ended
                    self.manifest.end(status, reason, time.monotonic() - started)
                raise
            logger.info("finished")
            self.manifest.end("finished", None, time.monotonic() - started)

    def write_tasks(self, benchmark: Benchmark) -> None:
        """Write the benchmark's training and test tasks."""
        tasks = {"train": benchmark.train_tasks, "test": benchmark.test_tasks}
        numbers = {split: [task.to_dict() for task in members] for split, members in tasks.items()}
        write_json(self.path / TASKS, {"benchmark": benchmark.name, **numbers})

    def write_divergence(self, record: dict[str, Any]) -> None:
        """Write where the run diverged. This replaces an earlier record."""
        write_json(self.path / DIVERGENCE, record)

    def save_evaluation(self, result: dict[str, Any]) -> Path:
        """Write the report of an evaluation to eval/ and return the file. The same evaluation replaces its report."""
        steps = len(result["by_step"]) - 1
        unit = self._experiment.data_unit
        name = f"{result['split']}-{result['checkpoint']:06d}-{result[unit]}{unit}-{steps}steps.json"
        path = self.path / EVALUATIONS / name
        path.parent.mkdir(exist_ok=True)
        write_json(path, result)
        return path

    @contextmanager
    def _logging_to_file(self) -> Iterator[None]:
        handler = logging.FileHandler(self.path / LOG, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            logger.setLevel(level)
            logger.removeHandler(handler)
            handler.close()


def find_run(path_or_id: str, runs_dir: Path) -> Path:
    """Find a run by its path, or by its id under `runs_dir`. The run may be damaged.

    Raises:
        RunNotFoundError: there is no such run.
    """
    for path in (Path(path_or_id), runs_dir / path_or_id):
        if looks_like_a_run(path):
            return path
    try:
        return RunDirectory.open(path_or_id, runs_dir).path
    except OSError as error:
        raise RunNotFoundError(f"{path_or_id!r}: {error.strerror}") from error


def _plugins(experiment: Experiment) -> list[str]:
    """Other packages that provide the experiment's algorithm and benchmark, each with its version."""
    offered = (algorithms.offered().get(experiment.algorithm.name), benchmarks.offered().get(experiment.benchmark.name))
    return sorted({package for package in offered if package is not None})


def _make_unique(runs_dir: Path, name: str, seed: int) -> Path:
    runs_dir.mkdir(parents=True, exist_ok=True)
    while True:
        path = runs_dir / f"{datetime.now():%Y%m%d-%H%M%S}-{name}-s{seed}-{secrets.token_hex(2)}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def _name(experiment: Experiment) -> str:
    return experiment.name or f"{experiment.algorithm.name}-{experiment.benchmark.name}".replace("/", "-")


def _ending(error: BaseException) -> tuple[str, str]:
    if isinstance(error, MlrunError):
        return error.status, error.reason()
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", "SIGINT"
    return "failed", f"{type(error).__name__}: {error}"


def _not_found(wanted: str, runs_dir: Path) -> str:
    runs = [path.parent.name for path in runs_dir.glob("*/config.yaml")]
    near = [run for run in runs if wanted in run] or difflib.get_close_matches(wanted, runs, cutoff=0.5)
    hint = f"; did you mean {' or '.join(sorted(near)[-3:])}?" if near else ""
    return f"there is no run {wanted!r} here or in {runs_dir}{hint}"
