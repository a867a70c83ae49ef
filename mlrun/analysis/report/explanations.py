"""The figures that `mlrun explain` has drawn into runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlrun.analysis.report.embedding import Room, embedded, files, too_large
from mlrun.analysis.report.html import Html, element, join
from mlrun.analysis.report.naming import Naming
from mlrun.analysis.report.section import Section, command, folded, has_checkpoint, picture
from mlrun.runs.layout import PLOTS
from mlrun.runs.results import RunResults

_PREFIX: Final = "explain-"


def explanations_section(runs: Sequence[RunResults], naming: Naming, room: Room) -> Section:
    """Those of a single run, or those of each, folded, that there is room for; where there are none, what to type."""
    title = "What adaptation does inside"
    found = {run.path: files(run.path / PLOTS, f"{_PREFIX}*.svg") for run in runs}
    if not any(found.values()):
        drawable = [run for run in runs if has_checkpoint(run)]
        remarks = [join(["What adaptation does to each layer: ", command("explain", run)]) for run in drawable[:1]]
        return Section(title, missing=remarks)
    content, missing = [], []
    for run in runs:
        fitting = [path for path in found[run.path] if room.take(path)]
        missing += [too_large(path) for path in found[run.path] if path not in fitting]
        if fitting:
            grid = element("div", *map(_picture, fitting), class_="figures")
            content.append(grid if len(runs) == 1 else folded(naming.run(run), grid))
    return Section(title, content, missing)


def _picture(path: Path) -> Html:
    name = path.stem.removeprefix(_PREFIX)
    description = f"{name}, measured layer by layer; how to read it is said below it"
    return picture(embedded(path), name.capitalize(), description)
