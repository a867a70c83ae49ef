"""Writing files atomically, and reading small files without trust in what is there."""

import json
import math
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from mlrun.errors import MlrunError


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file for writing. It replaces `path` once it is complete and on disk.

    If an error is raised, `path` stays as it was. If two processes write the same path, the later one wins.
    """
    temporary = _temporary(path)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file atomically."""
    with atomic_file(path) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write an indented JSON file atomically. NaN and the infinities become null, since JSON does not have them."""
    write_text(path, json.dumps(finite_or_none(value), indent=2, allow_nan=False) + "\n")


def replace_symlink(link: Path, target: str) -> None:
    """Point `link` at `target`. There is a link at every moment."""
    temporary = _temporary(link)
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)
    _sync_directory(link.parent)


def finite_or_none(value: Any) -> Any:
    """The same plain data with None in place of NaN and the infinities."""
    if isinstance(value, dict):
        return {key: finite_or_none(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite_or_none(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def read_small_file(path: Path, max_bytes: int) -> bytes:
    """The content of a file.

    Raises:
        MlrunError: there is no such file, it cannot be read, or it has more than `max_bytes`.
    """
    if not path.is_file():
        raise MlrunError(f"{path.name} is missing")
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise MlrunError(f"{path.name} cannot be read: {error.strerror}") from error
    if len(content) > max_bytes:
        raise MlrunError(f"{path.name} is damaged: it has more than {max_bytes} bytes")
    return content


def remove_temporaries(*directories: Path) -> None:
    """Delete the temporary files of killed processes. No process may be writing there."""
    for directory in directories:
        for path in directory.glob(".*.tmp"):
            path.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
