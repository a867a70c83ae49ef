"""Processes that run the command line and are attacked.

It takes seconds to start Python and to import torch, and in this time a run has nothing to lose. Therefore most
processes are forked from the fork server of `multiprocessing`. The server has imported everything and has done nothing
else, so its children inherit no thread, no lock and no open file of a run. A child calls `mlrun.cli.main`, as
``python -m mlrun`` does. Its handlers, files and locks are its own, so signals act as they do in a new process. After
SIGKILL only what the kernel and the disk hold is left for the next process. With ``real=True`` the process is
``python -m mlrun`` from the start.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

ALIVE = 30  # seconds within which a process must end
_NAMES = itertools.count()


@dataclass(frozen=True)
class Outcome:
    """The end of a process.

    Attributes:
        code: the exit code as a shell shows it: 128 plus the number of the signal if a signal ended it.
        out: its stdout.
        err: its stderr.
        seconds: the time from start to end.
    """

    code: int
    out: str
    err: str
    seconds: float

    def __str__(self) -> str:
        return f"exit code {self.code} after {self.seconds:.1f} s: {self.err[-2000:]!r}"


class StillRunningError(Exception):
    """A process did not end in time, and was killed."""


class Process:
    """A running command line of mlrun.

    Args:
        arguments: of the command line.
        place: the directory to run it in. Files with its output are there too.
        real: whether it is a new process instead of one forked from the server.
        ignored: signals that its parent ignores.
        gate: a named pipe. A forked process waits until somebody opens it for writing.
    """

    def __init__(
        self,
        arguments: Sequence[object],
        place: Path,
        *,
        real: bool = False,
        ignored: Sequence[int] = (),
        gate: Path | None = None,
    ) -> None:
        number = next(_NAMES)
        self._out, self._err = place / f"{number}.out", place / f"{number}.err"
        self._started = time.monotonic()
        words = [str(argument) for argument in arguments]
        self._handle: Any
        if real:
            self._handle = _spawn(words, place, self._out, self._err, ignored)
        else:
            self._handle = fork(_command_line, words, place, self._out, self._err, ignored, gate)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._handle.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._code() is None

    def send(self, number: int) -> bool:
        """Sends a signal. Returns False if the process had already ended."""
        if not self.running:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False

    def wait(self, timeout: float = ALIVE) -> Outcome:
        """Waits until the process ends.

        Args:
            timeout: in seconds.

        Raises:
            StillRunningError: the process does not end in time.
        """
        deadline = time.monotonic() + timeout
        while self.running:
            if time.monotonic() > deadline:
                self.send(signal.SIGKILL)
                raise StillRunningError(f"still running after {timeout} s: {self._err.read_text(errors='replace')!r}")
            time.sleep(0.005)
        code = self._code()
        assert code is not None
        texts = [path.read_text(errors="replace") if path.exists() else "" for path in (self._out, self._err)]
        for path in (self._out, self._err):
            path.unlink(missing_ok=True)
        return Outcome(128 - code if code < 0 else code, texts[0], texts[1], time.monotonic() - self._started)

    def _code(self) -> int | None:
        return self._handle.poll() if isinstance(self._handle, subprocess.Popen) else self._handle.exitcode


def run(arguments: Sequence[object], place: Path, *, timeout: float = ALIVE, **options: Any) -> Outcome:
    """Runs a command line until it ends."""
    return Process(arguments, place, **options).wait(timeout)


def fork(function: Callable[..., None], *arguments: Any) -> Any:
    """Calls a function in a process forked from the server. The function must be importable from its module."""
    process = _server().Process(target=function, args=arguments, daemon=True)
    process.start()
    return process


@functools.cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"{__package__}.preloaded"])
    return context


def _command_line(
    words: list[str], place: Path, out: Path, err: Path, ignored: Sequence[int], gate: Path | None
) -> None:
    from mlrun.cli import main

    redirect(place, out, err)
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    sys.argv = ["mlrun", *words]
    if gate is not None:
        gate.open("rb").close()
    try:
        if signal.SIGINT not in ignored:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = main(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)


def redirect(place: Path, out: Path, err: Path) -> None:
    """Sends the output of this forked process to files, and changes its working directory."""
    for descriptor, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(file, descriptor)
        os.close(file)
    os.chdir(place)


def _spawn(words: list[str], place: Path, out: Path, err: Path, ignored: Sequence[int]) -> subprocess.Popen[bytes]:
    def ignore() -> None:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with out.open("wb") as stdout, err.open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "mlrun", *words],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            preexec_fn=ignore,
        )
