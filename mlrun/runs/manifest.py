"""The manifest of a run, run.json: what the run was made with, how it went, and how it ended."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from mlrun.config.schema import Experiment
from mlrun.errors import MlrunError
from mlrun.runs.files import read_small_file, write_json
from mlrun.runs.layout import MANIFEST

_MAX_BYTES = 16 * 2**20
_PACKAGES = ("mlrun-meta", "torch", "mujoco", "mujoco-warp", "warp-lang", "numpy", "pydantic")

Status = Literal["created", "running", "finished", "interrupted", "diverged", "failed"]


class Repository(BaseModel, frozen=True):
    """The code that trained a run: its git repository."""

    repository: str | None = None
    commit: str | None = None
    dirty: bool = False


class Attempt(BaseModel, frozen=True):
    """One process that trained a run."""

    started: str
    ended: str | None = None
    seconds: float | None = None
    argv: list[str] = []
    directory: str | None = None
    host: str
    pid: int
    device: str | None = None
    physics: str | None = None
    plugins: list[str] = []
    git: Repository | None = None
    versions: dict[str, str | None] = {}
    hardware: dict[str, Any] = {}


class Record(BaseModel, frozen=True):
    """The content of a manifest. What other versions of mlrun may not have written has a default."""

    id: str
    seed: int
    created: str
    status: Status
    exit_reason: str | None = None
    experiment: dict[str, Any] | None = None
    aids: list[str] = []
    attempts: list[Attempt]


def read_record(run: Path) -> Record:
    """Read and check the manifest of the run in a directory. It may be of another version of mlrun.

    Raises:
        MlrunError: it is missing or damaged.
    """
    path = run / MANIFEST
    try:
        return Record.model_validate_json(read_small_file(path, _MAX_BYTES))
    except ValidationError as error:
        mistake = error.errors(include_url=False, include_input=False)[0]
        where = "".join(f"{part}: " for part in mistake["loc"][:1])
        raise MlrunError(f"{MANIFEST} is damaged: {where}{mistake['msg']}") from None


class Manifest:
    """Writes the manifest of a run.

    ::

        id, seed, created
        status       created | running | finished | interrupted | diverged | failed
        exit_reason  null, or why it ended that way
        experiment   the content of config.yaml when the run was made
        aids         what training uses besides the usual tasks and what a policy sees of them, in words
        attempts     one for each process that trained the run:
            started, ended, seconds, argv, directory, host, pid, device, physics, plugins, versions, hardware,
            git: {repository, commit, dirty}, or null if there is no repository

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, run_id: str, experiment: Experiment) -> None:
        """Write the manifest of a run that has not started yet."""
        record = {"id": run_id, "seed": experiment.seed, "created": now(), "status": "created", "exit_reason": None}
        described = {"experiment": experiment.model_dump(mode="json"), "aids": experiment.aids}
        write_json(self.path, {**record, **described, "attempts": []})

    def read(self) -> dict[str, Any]:
        """The whole manifest.

        Raises:
            MlrunError: the file is missing or damaged.
        """
        read_record(self.path.parent)
        return json.loads(read_small_file(self.path, _MAX_BYTES))

    def start(self, device: str | None = None, physics: str | None = None, plugins: Sequence[str] = ()) -> None:
        """Record that this process starts to train the run.

        Args:
            device: the device that is used. The experiment may only say "auto".
            physics: the physics engine that is used.
            plugins: other packages that provide the algorithm and the benchmark, each with its version.
        """
        record = self.read()
        attempt = {**describe_process(), "device": device, "physics": physics, "plugins": list(plugins)}
        attempts = [*record["attempts"], attempt]
        write_json(self.path, {**record, "status": "running", "exit_reason": None, "attempts": attempts})

    def end(self, status: str, exit_reason: str | None, seconds: float) -> None:
        """Record how the attempt ended that `start` recorded."""
        record = self.read()
        record["attempts"][-1].update(ended=now(), seconds=round(seconds, 3))
        write_json(self.path, {**record, "status": status, "exit_reason": exit_reason})


def now() -> str:
    """The local time with its offset from UTC, in ISO 8601."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def describe_process() -> dict[str, Any]:
    """This process, its code and its machine, in the form of an attempt that has just started."""
    return {
        "started": now(),
        "ended": None,
        "seconds": None,
        "argv": sys.argv,
        "directory": os.getcwd(),
        "host": platform.node(),
        "pid": os.getpid(),
        "git": describe_repository(Path(__file__).parent) or describe_repository(Path.cwd()),
        "versions": _versions(),
        "hardware": _hardware(),
    }


def describe_repository(directory: Path) -> dict[str, Any] | None:
    """The git repository of `directory`: its root, its commit, and whether tracked files differ from that commit.

    None if no repository tracks files there, as for an installed package, or if git is missing.
    """
    if not _git(directory, "ls-files"):
        return None
    return {
        "repository": _git(directory, "rev-parse", "--show-toplevel"),
        "commit": _git(directory, "rev-parse", "--verify", "HEAD"),
        "dirty": bool(_git(directory, "status", "--porcelain", "--untracked-files=no")),
    }


def _git(directory: Path, *arguments: str) -> str | None:
    command = ["git", "--no-optional-locks", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return versions


def _hardware() -> dict[str, Any]:
    import torch

    from mlrun.simulation.threads import available_cores

    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": available_cores(),
        "gpus": gpus,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
