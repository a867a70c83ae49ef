"""The videos that `mlrun render` has drawn into runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlrun.analysis.report.embedding import Room, embedded, files, too_large
from mlrun.analysis.report.html import Html, element, join
from mlrun.analysis.report.naming import Naming
from mlrun.analysis.report.section import Section, command, has_checkpoint
from mlrun.config.benchmarks import ML1Config
from mlrun.runs.layout import VIDEOS
from mlrun.runs.results import RunResults


def films_section(runs: Sequence[RunResults], naming: Naming, room: Room) -> Section:
    """All that there is room for, and where there are none and could be, what to type."""
    found = [(path, naming.run(run)) for run in runs for path in files(run.path / VIDEOS)]
    fitting = [path for path, _ in found if room.take(path)]
    films = [_film(path, of) for path, of in found if path in fitting]
    missing: list[str] = [too_large(path) for path, _ in found if path not in fitting]
    drawable = [run for run in runs if isinstance(run.experiment.benchmark, ML1Config) and has_checkpoint(run)]
    if drawable and not found:
        missing.append(join(["A video of before and after: ", command("render", drawable[0])]))
    return Section("Videos", films, missing)


def _film(path: Path, of: str) -> Html:
    title = f"{of}: {path.name}"
    if path.suffix == ".mp4":
        player = element(
            "video", src=embedded(path), controls=True, loop=True, muted=True, playsinline=True, aria_label=title
        )
    else:
        player = element("img", src=embedded(path), alt=title)
    return element("figure", element("figcaption", title), player, class_="film")
