"""Files of runs within a page."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlrun.report.html import data_uri

_KINDS: Final = {".svg": "image/svg+xml", ".png": "image/png", ".gif": "image/gif", ".mp4": "video/mp4"}
_MOST_BYTES: Final = 32 * 2**20  # a page that is larger can hardly be sent


def files(directory: Path, pattern: str = "[!.]*") -> Sequence[Path]:
    """The pictures and films in a directory that a page can have in it, by name.

    Links are left out: what they lead to is not the run's, and who sends the page does not expect it in there.
    """
    return [
        path for path in sorted(directory.glob(pattern)) if path.suffix in _KINDS and stat.S_ISREG(path.lstat().st_mode)
    ]


def is_too_large(path: Path) -> bool:
    """Whether a file would make a page too large."""
    return path.stat().st_size > _MOST_BYTES


def embedded(path: Path) -> str:
    """An address with the file in it. As such even an SVG that somebody else made can neither run nor load anything."""
    return data_uri(path.read_bytes(), _KINDS[path.suffix])
