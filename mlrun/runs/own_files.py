"""Whether what lies in a run directory is the run's own: files and directories, and no way out of it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mlrun.errors import MlrunError
from mlrun.runs.layout import (
    CHECKPOINTS,
    CONFIG,
    DIVERGENCE,
    EVALUATIONS,
    LOCK,
    LOG,
    MANIFEST,
    METRICS,
    PLOTS,
    REPORT,
    TASKS,
    TENSORBOARD,
    VIDEOS,
)

_FILES = (CONFIG, MANIFEST, METRICS, LOCK, TASKS, LOG, DIVERGENCE, REPORT)


def require_own_files(run: Path) -> None:
    """Refuse a run whose files are links to elsewhere, which would be written, or pipes, which would be waited for.

    Raises:
        MlrunError: one of them is. Only ``last`` and ``best`` may be links, to a checkpoint beside them.
    """
    for path, expected in _expected(run):
        try:
            kind = stat.S_IFMT(path.lstat().st_mode)
        except FileNotFoundError:  # replaced by the process that trains the run
            continue
        if kind != expected and not _is_link_beside(path):
            wanted = "directory" if expected == stat.S_IFDIR else "file"
            found = f"a link to {os.readlink(path)!r}" if path.is_symlink() else f"no {wanted}"
            raise MlrunError(f"{path} is {found}; what a run writes must be a {wanted} in its own directory")


def _expected(run: Path) -> Iterator[tuple[Path, int]]:
    """What there may be of a run, each with the type of file that it should be."""
    for name in (CHECKPOINTS, EVALUATIONS):
        yield run / name, stat.S_IFDIR
        yield from ((path, stat.S_IFREG) for path in (run / name).glob("[!.]*"))
    yield from ((run / name, stat.S_IFDIR) for name in (PLOTS, TENSORBOARD, VIDEOS))
    yield from ((run / name, stat.S_IFREG) for name in _FILES)


def _is_link_beside(path: Path) -> bool:
    return path.name in ("last", "best") and path.is_symlink() and "/" not in os.readlink(path)
