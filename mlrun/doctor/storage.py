"""The place for runs: whether files there can be written, replaced and locked, and whether there is room."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlrun.doctor.finding import BROKEN, NOTE, OK, Finding
from mlrun.runs.files import replace_symlink, write_text

_LITTLE, _TOO_LITTLE = 2e9, 100e6  # bytes
_FEW_FILES = 1000
_SKEW = 5.0  # seconds
_ELSEWHERE = "name another place with --runs-dir or MLRUN_RUNS_DIR"
_LOCKED_OUT = 3
_TRY_LOCK = f"""
import fcntl, sys
try:
    fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit({_LOCKED_OUT})
"""


def check_storage(runs_dir: Path) -> Iterator[Finding]:
    """What there is to check where runs go; without writing there, only the free space."""
    yield check_disk(runs_dir)
    writing = check_writing(runs_dir)
    yield writing
    if writing.status == OK:
        yield check_locks(runs_dir)
        yield check_clock(runs_dir)


def check_writing(runs_dir: Path) -> Finding:
    """Write, replace, link and remove a file as a run does."""
    where = _describe(runs_dir)
    try:
        with _scratch(runs_dir) as directory:
            path = directory / "file"
            write_text(path, "old")
            write_text(path, "new")
            replace_symlink(directory / "link", path.name)
            if (directory / "link").read_text() != "new":
                return Finding("runs directory", f"{where} returns other bytes than were written", BROKEN, _ELSEWHERE)
    except OSError as error:
        return Finding("runs directory", f"{where} cannot be written: {error.strerror}", BROKEN, _ELSEWHERE)
    else:
        return Finding("runs directory", f"{where} can be written")


def check_locks(runs_dir: Path) -> Finding:
    """Lock a file, and see that another process cannot."""
    from filelock import FileLock

    with _scratch(runs_dir) as directory:
        path = directory / "lock"
        with FileLock(path, timeout=1):
            second = subprocess.run([sys.executable, "-c", _TRY_LOCK, str(path)], capture_output=True, timeout=5)
    if second.returncode == 0:
        text = f"two processes can lock the same file in {runs_dir}, and so train the same run"
        return Finding("locks", text, BROKEN, _ELSEWHERE)
    if second.returncode == _LOCKED_OUT:
        return Finding("locks", "a lock keeps other processes out")
    text = f"files in {runs_dir} cannot be locked; a run that is killed will seem to be trained for ever"
    return Finding("locks", text, NOTE, f"delete its .lock by hand, or {_ELSEWHERE}")


def check_disk(runs_dir: Path) -> Finding:
    """The free space where runs go."""
    existing = _existing(runs_dir)
    free, files = shutil.disk_usage(existing).free, os.statvfs(existing)
    text = f"{free / 1e9:.1f} GB free for {runs_dir}"
    no_files = files.f_files > 0 and files.f_favail < _FEW_FILES
    if free < _TOO_LITTLE or no_files:
        text += f" and {files.f_favail} files" if no_files else ""
        return Finding("disk", text, BROKEN, f"free some, see 'mlrun runs rm', or {_ELSEWHERE}")
    if free < _LITTLE:
        return Finding("disk", text, NOTE, f"enough for now; free some, see 'mlrun runs rm', or {_ELSEWHERE}")
    return Finding("disk", text)


def check_clock(runs_dir: Path) -> Finding:
    """The clock, which run ids come from, beside the dates of this program's files and of a new file."""
    now = time.time()
    if now < Path(__file__).stat().st_mtime:
        return Finding("clock", f"{time.ctime(now)} is before this program was written", NOTE, "set the clock")
    with _scratch(runs_dir) as directory:
        file = directory / "file"
        file.touch()
        skew = file.stat().st_mtime - time.time()
    if abs(skew) > _SKEW:
        text = f"files in {runs_dir} are dated {skew:+.0f} s off this machine's clock"
        return Finding("clock", text, NOTE, "set the clocks of this machine and of its file server")
    return Finding("clock", time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(now)))


@contextmanager
def _scratch(runs_dir: Path) -> Iterator[Path]:
    """A directory of our own where runs go, or would go."""
    with tempfile.TemporaryDirectory(prefix=".mlrun-doctor-", dir=_existing(runs_dir)) as directory:
        yield Path(directory)


def _existing(runs_dir: Path) -> Path:
    """The directory itself, or the one in which it would be made."""
    path = runs_dir.absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _describe(runs_dir: Path) -> str:
    return str(runs_dir) if runs_dir.exists() else f"{runs_dir} does not exist yet; {_existing(runs_dir)}"
