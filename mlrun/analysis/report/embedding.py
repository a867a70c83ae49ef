"""Files of runs within a page."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlrun.analysis.report.html import data_uri

_KINDS: Final = {".svg": "image/svg+xml", ".png": "image/png", ".gif": "image/gif", ".mp4": "video/mp4"}
_MOST_BYTES: Final = 32 * 2**20  # a page that is larger can hardly be sent


def files(directory: Path, pattern: str = "[!.]*") -> Sequence[Path]:
    """The pictures and films in a directory that a page can have in it, by name, task 2 before task 10.

    Links are left out: what they lead to is not the run's, and who sends the page does not expect it in there.
    """
    return [
        path
        for path in sorted(directory.glob(pattern), key=_natural)
        if path.suffix in _KINDS and stat.S_ISREG(path.lstat().st_mode)
    ]


def _natural(path: Path) -> list[str | int]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", path.name)]


class Room:
    """How many bytes of files a page has room for yet."""

    def __init__(self) -> None:
        self._left = _MOST_BYTES

    def take(self, path: Path) -> bool:
        """Keep room for a file, if there is enough."""
        size = path.stat().st_size
        fits = size <= self._left
        self._left -= size * fits
        return fits


def too_large(path: Path) -> str:
    """Say of a file that there was no room for it."""
    return f"{path} is too large to be in a page."


def embedded(path: Path) -> str:
    """An address with the file in it. As such even an SVG that somebody else made can neither run nor load anything."""
    return data_uri(path.read_bytes(), _KINDS[path.suffix])
