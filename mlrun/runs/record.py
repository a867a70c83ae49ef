"""The manifest of a run as one reads it that may be damaged, or written by another version."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from mlrun.errors import MlrunError
from mlrun.runs.layout import MANIFEST

MAX_BYTES = 16 * 2**20

Status = Literal["created", "running", "finished", "interrupted", "diverged", "failed"]


class Repository(BaseModel, frozen=True):
    """The code that trained a run."""

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
    """What the manifest of a run says; see `mlrun.runs.manifest.Manifest`."""

    id: str
    seed: int
    created: str
    status: Status
    exit_reason: str | None = None
    experiment: dict[str, Any] | None = None
    attempts: list[Attempt]


def read_record(run: Path) -> Record:
    """Read and check the manifest of the run in a directory.

    Raises:
        MlrunError: it is missing or damaged.
    """
    path = run / MANIFEST
    try:
        return Record.model_validate_json(read_small_file(path, MAX_BYTES))
    except ValidationError as error:
        mistake = error.errors(include_url=False, include_input=False)[0]
        where = "".join(f"{part}: " for part in mistake["loc"][:1])
        raise MlrunError(f"{MANIFEST} is damaged: {where}{mistake['msg']}") from None


def read_small_file(path: Path, most: int) -> bytes:
    """The content of a file.

    Raises:
        MlrunError: there is no such file, or it cannot be read, or it has more than so many bytes.
    """
    if not path.is_file():
        raise MlrunError(f"{path.name} is missing")
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise MlrunError(f"{path.name} cannot be read: {error.strerror}") from error
    if len(content) > most:
        raise MlrunError(f"{path.name} is damaged: it has more than {most} bytes")
    return content
