"""Sections of files that other commands have left in runs: videos, and figures of what adaptation does inside."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlrun.analysis.report.html import Html, data_uri, element, folded, join, picture
from mlrun.analysis.report.section import Naming, Section, command, has_checkpoint
from mlrun.config.benchmarks import ML1Config
from mlrun.runs.layout import PLOTS, VIDEOS
from mlrun.runs.results import RunResults

_KINDS: Final = {".svg": "image/svg+xml", ".png": "image/png", ".gif": "image/gif", ".mp4": "video/mp4"}
_MOST_BYTES: Final = 32 * 2**20  # a larger page can hardly be sent
_EXPLAIN: Final = "explain-"  # how the names of figures by `mlrun explain` begin


class SizeLimit:
    """The bytes that files in a page may still take. All sections of a page share one limit."""

    def __init__(self) -> None:
        self._left = _MOST_BYTES

    def take(self, path: Path) -> bool:
        """Reserve the bytes of a file. Returns False if it is too large, and then reserves nothing."""
        size = path.stat().st_size
        fits = size <= self._left
        self._left -= size * fits
        return fits


def videos_section(runs: Sequence[RunResults], naming: Naming, limit: SizeLimit) -> Section:
    """The videos that `mlrun render` has written; if there are none, the command for a run that can have one."""
    found = [(path, naming.run(run)) for run in runs for path in _files(run.path / VIDEOS)]
    fitting = [path for path, _ in found if limit.take(path)]
    videos = [_video(path, name) for path, name in found if path in fitting]
    missing: list[str] = [_too_large(path) for path, _ in found if path not in fitting]
    drawable = [run for run in runs if isinstance(run.experiment.benchmark, ML1Config) and has_checkpoint(run)]
    if drawable and not found:
        missing.append(join(["A video of before and after: ", command("render", drawable[0])]))
    return Section("Videos", videos, missing)


def explanations_section(runs: Sequence[RunResults], naming: Naming, limit: SizeLimit) -> Section:
    """The figures that `mlrun explain` has drawn, folded if there are several runs; if there are none, the command."""
    title = "What adaptation does inside"
    found = {run.path: _files(run.path / PLOTS, f"{_EXPLAIN}*.svg") for run in runs}
    if not any(found.values()):
        drawable = [run for run in runs if has_checkpoint(run)]
        what = "What adaptation changes in layers, or a memory knows: "
        notes = [join([what, command("explain", run)]) for run in drawable[:1]]
        return Section(title, missing=notes)
    content, missing = [], []
    for run in runs:
        fitting = [path for path in found[run.path] if limit.take(path)]
        missing += [_too_large(path) for path in found[run.path] if path not in fitting]
        if fitting:
            grid = element("div", *map(_explanation, fitting), class_="figures")
            content.append(grid if len(runs) == 1 else folded(naming.run(run), grid))
    return Section(title, content, missing)


def _video(path: Path, name: str) -> Html:
    title = f"{name}: {path.name}"
    if path.suffix == ".mp4":
        player = element(
            "video", src=_embedded(path), controls=True, loop=True, muted=True, playsinline=True, aria_label=title
        )
    else:
        player = element("img", src=_embedded(path), alt=title)
    return element("figure", element("figcaption", title), player, class_="film")


def _explanation(path: Path) -> Html:
    name = path.stem.removeprefix(_EXPLAIN)
    measured = "by step of a trial" if name == "memory" else "layer by layer"
    description = f"{name}, measured {measured}; the text below says how to read it"
    return picture(_embedded(path), name.capitalize(), description)


def _files(directory: Path, pattern: str = "[!.]*") -> Sequence[Path]:
    """The pictures and videos in a directory that a page can show, sorted by name, task 2 before task 10.

    Links are left out. A link can lead to a file that is not the run's, and that the sender of a page would not expect
    in it.
    """
    return [
        path
        for path in sorted(directory.glob(pattern), key=_natural)
        if path.suffix in _KINDS and stat.S_ISREG(path.lstat().st_mode)
    ]


def _natural(path: Path) -> list[str | int]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", path.name)]


def _embedded(path: Path) -> str:
    """An address that contains the file. In an image address, even a hostile SVG can neither run nor load anything."""
    return data_uri(path.read_bytes(), _KINDS[path.suffix])


def _too_large(path: Path) -> str:
    return f"{path} is too large to be in a page."
