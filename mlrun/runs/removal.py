"""Deleting runs, with checks that a directory is a run and nothing else."""

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from mlrun.errors import MlrunError, RunLockedError, RunNotFoundError
from mlrun.runs.directory import find_run
from mlrun.runs.layout import CONFIG, LOCK, MANIFEST
from mlrun.runs.lock import holder, is_locked, run_lock
from mlrun.runs.manifest import read_record

_SUFFIX = ".deleted"


def require_removable(path_or_id: str, runs_dir: Path) -> Path:
    """Find a run that may be deleted.

    Raises:
        RunNotFoundError: it is no run, or it is not certain that it is one, or it holds other runs.
        RunLockedError: a process trains it.
    """
    if Path(path_or_id).name in ("", ".."):
        raise RunNotFoundError(f"{path_or_id!r} does not name a run; nothing was deleted")
    path = find_run(path_or_id, runs_dir)
    if reason := _why_not_a_run(path, runs_dir):
        raise RunNotFoundError(f"{path} {reason}; nothing was deleted")
    if is_locked(path):
        raise RunLockedError(f"{path} is being trained by {holder(path)}; nothing was deleted")
    return path


def remove_runs(paths: Sequence[Path]) -> Iterator[Path]:
    """Delete runs that `require_removable` has found. Yields each path once it is deleted.

    First all of them are renamed to hidden names. So a run that is only partly deleted never looks like a run.

    Raises:
        RunLockedError: a process trains one of them. None is deleted.
        MlrunError: a file could not be deleted.
    """
    different = list({path.resolve(): path for path in paths}.values())
    with ExitStack() as locks:
        for path in different:
            locks.enter_context(run_lock(path))
        hidden = _hide(different)
    for path, remains in zip(different, hidden, strict=True):
        try:
            shutil.rmtree(remains)
        except OSError as error:
            raise MlrunError(f"{path} could not be deleted completely; the rest is in {remains}: {error}") from error
        yield path


def find_remains(runs_dir: Path) -> list[Path]:
    """The directories that interrupted deletions left behind."""
    return sorted(path for path in runs_dir.glob(f".*{_SUFFIX}") if path.is_dir())


def _why_not_a_run(path: Path, runs_dir: Path) -> str | None:
    if path.is_symlink():
        return f"is a link; name what it points to, {path.resolve()}"
    if runs_dir.resolve().is_relative_to(path.resolve()):
        return "holds other runs"
    try:
        named = read_record(path).id
    except MlrunError as error:
        return f"is not certain to be a run: {error}"
    if named != path.name:
        return f"is not certain to be a run: its {MANIFEST} is that of {named!r}"
    if not (path / CONFIG).is_file():
        return f"is not certain to be a run: it has no {CONFIG}"
    lock = path / LOCK
    if lock.is_symlink() or (lock.exists() and not lock.is_file()):
        return f"is not certain to be a run: its {LOCK} is not a file"
    return None


def _hide(paths: Sequence[Path]) -> list[Path]:
    """Rename all paths to hidden names, or none of them."""
    hidden = [path.with_name(f".{path.name}.{secrets.token_hex(4)}{_SUFFIX}") for path in paths]
    with ExitStack() as undo:
        for path, name in zip(paths, hidden, strict=True):
            path.rename(name)
            undo.callback(os.rename, name, path)
        undo.pop_all()
    return hidden
