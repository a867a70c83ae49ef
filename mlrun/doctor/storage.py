"""Checks that files in the runs directory can be written, replaced and locked, and that there is enough space."""

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

_LOW_SPACE, _TOO_LOW_SPACE = 2e9, 100e6  # bytes
_TOO_FEW_FILES = 1000
_MAX_SKEW = 5.0  # seconds
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
    """Checks the runs directory. If it cannot be written, only the free space is checked."""
    yield check_disk(runs_dir)
    writing = check_writing(runs_dir)
    yield writing
    if writing.status == OK:
        yield check_locks(runs_dir)
        yield check_clock(runs_dir)


def check_writing(runs_dir: Path) -> Finding:
    """Writes, replaces, links and removes a file, as training does."""
    where = _describe(runs_dir)
    try:
        with _scratch(runs_dir) as directory:
            path = directory / "file"
            write_text(path, "old")
            write_text(path, "new")
            replace_symlink(directory / "link", path.name)
            if (directory / "link").read_text() != "new":
                return Finding("runs directory", f"{where} returns other bytes than those written", BROKEN, _ELSEWHERE)
    except OSError as error:
        return Finding("runs directory", f"{where} cannot be written: {error.strerror}", BROKEN, _ELSEWHERE)
    else:
        return Finding("runs directory", f"{where} can be written")


def check_locks(runs_dir: Path) -> Finding:
    """Locks a file and checks that another process cannot lock it too."""
    from filelock import FileLock

    with _scratch(runs_dir) as directory:
        path = directory / "lock"
        with FileLock(path, timeout=1):
            second = subprocess.run([sys.executable, "-c", _TRY_LOCK, str(path)], capture_output=True, timeout=5)
    if second.returncode == 0:
        text = f"two processes can lock the same file in {runs_dir}, so they could train the same run"
        return Finding("locks", text, BROKEN, _ELSEWHERE)
    if second.returncode == _LOCKED_OUT:
        return Finding("locks", "a lock keeps other processes out")
    text = f"files in {runs_dir} cannot be locked; a run that was killed will look as if it still trains"
    return Finding("locks", text, NOTE, f"delete its .lock by hand, or {_ELSEWHERE}")


def check_disk(runs_dir: Path) -> Finding:
    """Checks the free space, in bytes and in files."""
    existing = _existing(runs_dir)
    free, files = shutil.disk_usage(existing).free, os.statvfs(existing)
    text = f"{free / 1e9:.1f} GB free for {runs_dir}"
    no_files = files.f_files > 0 and files.f_favail < _TOO_FEW_FILES
    if free < _TOO_LOW_SPACE or no_files:
        text += f" and {files.f_favail} files" if no_files else ""
        return Finding("disk", text, BROKEN, f"free some space (see 'mlrun runs rm'), or {_ELSEWHERE}")
    if free < _LOW_SPACE:
        return Finding("disk", text, NOTE, f"enough for now; free some space (see 'mlrun runs rm'), or {_ELSEWHERE}")
    return Finding("disk", text)


def check_clock(runs_dir: Path) -> Finding:
    """Compares the clock, which run ids use, with the date of this program and with the date of a new file."""
    now = time.time()
    if now < Path(__file__).stat().st_mtime:
        return Finding("clock", f"{time.ctime(now)} is before this program was written", NOTE, "set the clock")
    with _scratch(runs_dir) as directory:
        file = directory / "file"
        file.touch()
        skew = file.stat().st_mtime - time.time()
    if abs(skew) > _MAX_SKEW:
        text = f"files in {runs_dir} are dated {skew:+.0f} s off this machine's clock"
        return Finding("clock", text, NOTE, "set the clocks of this machine and of its file server")
    return Finding("clock", time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(now)))


@contextmanager
def _scratch(runs_dir: Path) -> Iterator[Path]:
    """A temporary directory in the runs directory, or in the directory where that would be made."""
    with tempfile.TemporaryDirectory(prefix=".mlrun-doctor-", dir=_existing(runs_dir)) as directory:
        yield Path(directory)


def _existing(runs_dir: Path) -> Path:
    """The runs directory, or the nearest parent that exists."""
    path = runs_dir.absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _describe(runs_dir: Path) -> str:
    return str(runs_dir) if runs_dir.exists() else f"{runs_dir} does not exist yet; {_existing(runs_dir)}"
