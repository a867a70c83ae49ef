"""The layout of a run directory: the names of its files, what may be a link, and where the links point."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from mlrun.errors import MlrunError

CONFIG: Final = "config.yaml"
MANIFEST: Final = "run.json"
METRICS: Final = "metrics.jsonl"
CHECKPOINTS: Final = "checkpoints"
EVALUATIONS: Final = "eval"
PLOTS: Final = "plots"
VIDEOS: Final = "videos"
REPORT: Final = "report.html"
TENSORBOARD: Final = "tensorboard"
LOCK: Final = ".lock"
TASKS: Final = "tasks.json"
LOG: Final = "train.log"
DIVERGENCE: Final = "divergence.json"

_FILES = (CONFIG, MANIFEST, METRICS, LOCK, TASKS, LOG, DIVERGENCE, REPORT)
_FILLED_DIRECTORIES = (CHECKPOINTS, EVALUATIONS)
_OTHER_DIRECTORIES = (PLOTS, TENSORBOARD, VIDEOS)
_LINKS = ("last", "best")


def looks_like_a_run(path: Path) -> bool:
    """Whether a directory has a config.yaml or a run.json. The run may be damaged."""
    return any(os.path.isfile(path / name) for name in (CONFIG, MANIFEST))


def linked_checkpoint(run: Path, link: Literal["last", "best"]) -> int | None:
    """The iteration of the checkpoint that a link of a run points at. None if there is no such checkpoint.

    ``best`` is the checkpoint with the best scores on the training tasks. There is none before the first evaluation.
    """
    path = run / CHECKPOINTS / link
    if not path.is_file():
        return None
    name = path.resolve().stem
    return int(name) if name.isdecimal() else None


def require_own_files(run: Path) -> None:
    """Refuse a run whose files are links or pipes.

    Writing to a link would change a file elsewhere. Opening a pipe would wait for ever. Only ``last`` and ``best`` may
    be links, to a checkpoint in the same directory.

    Raises:
        MlrunError: one of the files is a link, or of another type than it should be.
    """
    for path, expected in _expected(run):
        try:
            kind = stat.S_IFMT(path.lstat().st_mode)
        except FileNotFoundError:  # not written yet, or just replaced by the process that trains the run
            continue
        if kind != expected and not _is_link_beside(path):
            wanted = "directory" if expected == stat.S_IFDIR else "file"
            found = f"a link to {os.readlink(path)!r}" if path.is_symlink() else f"no {wanted}"
            raise MlrunError(f"{path} is {found}; what a run writes must be a {wanted} in its own directory")


def _expected(run: Path) -> Iterator[tuple[Path, int]]:
    """The paths that a run can have, each with the file type that it should have."""
    for name in _FILLED_DIRECTORIES:
        yield run / name, stat.S_IFDIR
        yield from ((path, stat.S_IFREG) for path in (run / name).glob("[!.]*"))
    yield from ((run / name, stat.S_IFDIR) for name in _OTHER_DIRECTORIES)
    yield from ((run / name, stat.S_IFREG) for name in _FILES)


def _is_link_beside(path: Path) -> bool:
    return path.name in _LINKS and path.is_symlink() and "/" not in os.readlink(path)
