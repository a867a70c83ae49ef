"""Many command lines in one process, each watched: what a person would see, and how long it took."""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import io
import json
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import typer.main

from tests.chaos.processes import fork, redirect

HANG = 5  # seconds
_PATIENCE = 15  # seconds of the clock, more than of the processor: the machine may be busy
_MEMORY = 4 * 2**30  # bytes of address space that a command line may take besides
_OWN_WORDS = "(--debug shows where)"  # of errors that nobody foresaw


class Hang(BaseException):
    """Raised in a command line that takes too long; no ordinary handler catches it."""


def watched(arguments: Sequence[str], codes: Sequence[int]) -> tuple[int, list[str]]:
    """Run a command line in this process.

    Returns:
        The exit code, and what is wrong: a traceback, an error nobody foresaw, another exit code, too much time.
    """
    from mlrun.cli import main

    out, err = io.StringIO(), io.StringIO()
    busy = time.process_time()
    signal.signal(signal.SIGALRM, _hang)
    signal.alarm(_PATIENCE)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(arguments)
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-3:]
        return -1, [f"{arguments[:2]}: {type(error).__name__} came through: {str(error)[:300]} {where}"]
    finally:
        signal.alarm(0)
    seconds = time.process_time() - busy
    text = err.getvalue()
    wrong = [f"{arguments[:2]}: {seconds:.1f} s"] if seconds > HANG else []
    if code not in codes:
        wrong.append(f"{arguments[:2]}: exit code {code}: {text[-400:]!r}")
    if "Traceback" in text or _OWN_WORDS in text:
        wrong.append(f"{arguments[:2]}: {text[-400:]!r}")
    return code, wrong


def _hang(number: int, frame: FrameType | None) -> None:
    raise Hang


def in_batches(
    try_one: Callable[..., dict[str, Any]], items: Sequence[Any], place: Path, size: int
) -> Iterator[dict[str, Any]]:
    """Try items in forked processes, so many in each; yields what each gave.

    A process that hangs or crashes costs the item it was at, whose result is a failure with what the watchdog saw.
    """
    todo = list(items)
    while todo:
        log, err = place / "results.jsonl", place / "watchdog.txt"
        log.unlink(missing_ok=True)
        process = fork(_try_all, try_one, todo[:size], place, log, err)
        process.join(size * 60)
        if process.is_alive():
            process.kill()
            process.join()
        results = [json.loads(line) for line in log.read_bytes().splitlines()] if log.exists() else []
        yield from results
        if len(results) < len(todo[:size]):
            seen = err.read_text(errors="replace")[-3000:]
            yield {"item": todo[len(results)], "wrong": [f"hang or crash, exit code {process.exitcode}: {seen}"]}
            results.append({})
        todo = todo[len(results) :]


def _try_all(try_one: Callable[..., dict[str, Any]], items: Sequence[Any], place: Path, log: Path, err: Path) -> None:
    redirect(place, place / "stdout.txt", err)
    # Building the parser anew for each command line would take half of the time.
    typer.main.get_command = functools.cache(typer.main.get_command)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, used + _MEMORY))
    with log.open("a") as file:
        for item in items:
            faulthandler.dump_traceback_later(2 * _PATIENCE, exit=True)
            print(json.dumps({"item": item, **try_one(item, place)}), file=file, flush=True)
            faulthandler.cancel_dump_traceback_later()
    os._exit(0)
