"""Runs many command lines in one process, and checks the output and the time of each."""

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
_PATIENCE = 15  # seconds of wall-clock time, longer than `HANG`, which is CPU time: the machine may be busy
_MEMORY = 4 * 2**30  # bytes of address space that a command line may use in addition
_OWN_WORDS = "(--debug shows where)"  # part of the message for unexpected errors


class Hang(BaseException):
    """Raised in a command line that takes too long. It is no `Exception`, so ordinary handlers do not catch it."""


def watched(arguments: Sequence[str], codes: Sequence[int]) -> tuple[int, list[str]]:
    """Runs a command line in this process.

    Args:
        arguments: of the command line.
        codes: the exit codes that are right.

    Returns:
        The exit code, and one text for each fault: a traceback, an unexpected error, a wrong exit code, or more than
        `HANG` seconds. The exit code is -1 if an exception escaped.
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
    """Tries items in forked processes, and yields one result for each item.

    If a process hangs or crashes, the result of its current item is a failure with the traceback of the watchdog. The
    next process goes on with the item after it.

    Args:
        try_one: takes an item and the directory, and returns the result.
        items: what to try.
        place: the directory to work in.
        size: the number of items for each process.
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
    # To build the parser again for every command line would take half of the time.
    typer.main.get_command = functools.cache(typer.main.get_command)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, used + _MEMORY))
    with log.open("a") as file:
        for item in items:
            faulthandler.dump_traceback_later(2 * _PATIENCE, exit=True)
            print(json.dumps({"item": item, **try_one(item, place)}), file=file, flush=True)
            faulthandler.cancel_dump_traceback_later()
    os._exit(0)
