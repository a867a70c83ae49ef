"""Damages run directories."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FILES = ("run.json", "config.yaml", "metrics.jsonl", "tasks.json", "train.log", ".lock", "divergence.json")
_VALUES: tuple[Any, ...] = (
    *(None, True, "", "x" * 5000, "\x1b[31m", "../../outside", 0, -1, 3.5, 2**70, float("nan"), [], {}, [[]], {"a": 1}),
    *([1, 2], "running", "finished", "created", "\ud800", 1e400, "2026-13-99T99:99:99", [None], "a\nb"),
)


def damage_file(run: Path, outside: Path, rng: random.Random) -> str:
    """Damages one file of a run. Returns what was done, in words."""
    names = [*_FILES, *(f"eval/{path.name}" for path in (run / "eval").glob("*.json"))]
    path = run / rng.choice(names)
    change = rng.choice(_CHANGES)
    change(path, outside, rng)
    return f"{change.__name__} {path.name}"


def damage_structure(run: Path, outside: Path, rng: random.Random) -> str:
    """Damages a directory or a link of a run, or a checkpoint. Returns what was done, in words."""
    path = run / rng.choice(("checkpoints", "eval", "checkpoints/last", "checkpoints/best", "checkpoints/000004.pt"))
    change = rng.choice(_PLACES)
    change(path, outside, rng)
    return f"{change.__name__} {path.name}"


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def deleted(path: Path, outside: Path, rng: random.Random) -> None:
    _clear(path)


def garbage(path: Path, outside: Path, rng: random.Random) -> None:
    contents = (
        b"",
        b"\0" * 5000,
        rng.randbytes(3000),
        b"{",
        b"[]",
        b"null",
        b'"',
        b"[" * 5000,
        b"\xff\xfe",
        b"9" * 9000,
    )
    path.write_bytes(rng.choice((*contents, b'{"a":' * 3000, b"{}", b'{"iteration": 1e999}\n{}')))


def cut(path: Path, outside: Path, rng: random.Random) -> None:
    content = path.read_bytes() if path.exists() else b""
    path.write_bytes(content[: rng.randint(0, len(content))])


def flipped(path: Path, outside: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes() if path.exists() else b"") or bytearray(b"x")
    for _ in range(rng.choice((1, 3, 30))):
        content[rng.randrange(len(content))] = rng.randrange(256)
    path.write_bytes(content)


def other_values(path: Path, outside: Path, rng: random.Random) -> None:
    """Changes a value in the JSON of the file, or in one line of it for JSON lines."""
    try:
        text = path.read_text()
        lines = text.splitlines() if path.suffix == ".jsonl" else [text]
        at = rng.randrange(len(lines))
        value = json.loads(lines[at])
        _change(value, rng)
        lines[at] = json.dumps(value)
        path.write_text("\n".join(lines) + "\n")
    except (OSError, ValueError):
        garbage(path, outside, rng)


def longer(path: Path, outside: Path, rng: random.Random) -> None:
    with path.open("ab") as file:
        file.write(rng.choice((b"x" * 3 * 2**20, b"\n" * 100_000, b'{"iteration": 3}\n' * 1000, b"{}\n", b"\n\n{")))


def sparse(path: Path, outside: Path, rng: random.Random) -> None:
    path.touch()
    os.truncate(path, rng.choice((2**27, 2**36)))


def directory(path: Path, outside: Path, rng: random.Random) -> None:
    _clear(path)
    path.mkdir(parents=True)


def fifo(path: Path, outside: Path, rng: random.Random) -> None:
    _clear(path)
    os.mkfifo(path)


def unix_socket(path: Path, outside: Path, rng: random.Random) -> None:
    _clear(path)
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)  # the path of a socket must be short
        server.bind(path.name)
        os.chdir(here)


def link(path: Path, outside: Path, rng: random.Random) -> None:
    """Replaces the file by a link: to a file outside, a directory, itself, a device, or nothing."""
    _clear(path)
    same = outside / "run" / path.name
    targets = (same, same, outside / "file.txt", outside, outside / "new", path, Path("/dev/zero"), Path("/dev/full"))
    path.symlink_to(rng.choice(targets))


_CHANGES: tuple[Callable[[Path, Path, random.Random], None], ...] = (
    *(deleted, garbage, cut, flipped, other_values, other_values, other_values, longer, sparse),
    *(directory, fifo, unix_socket, link, link),
)
_PLACES = (deleted, directory, fifo, link, link, link)


def _change(value: Any, rng: random.Random) -> None:
    section, key = value, None
    while isinstance(section, dict | list) and section:
        key = rng.choice(list(section) if isinstance(section, dict) else range(len(section)))
        inner = section[key]
        if not isinstance(inner, dict | list) or not inner or rng.random() < 0.2:
            break
        section = inner
    if key is None:
        return
    change = rng.random()
    if change < 0.7:
        section[key] = rng.choice(_VALUES)
    elif change < 0.85:
        del section[key]
    elif isinstance(section, dict):
        section[rng.choice(("x", "", "iteration", "status"))] = section.pop(key)
