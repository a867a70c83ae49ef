"""The figures that `mlrun explain` has drawn into runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mlrun.experiment.layout import PLOTS
from mlrun.experiment.results import RunResults
from mlrun.report.embedding import embedded, files
from mlrun.report.figures import picture
from mlrun.report.html import Html, element, join
from mlrun.report.naming import Naming
from mlrun.report.section import Section, command, folded, has_checkpoint

_PREFIX: Final = "explain-"


def explanations_section(runs: Sequence[RunResults], naming: Naming) -> Section:
    """Those of a single run, or those of each, folded; where there are none, what to type."""
    title = "What adaptation does inside"
    drawn = [(naming.run(run), pictures) for run in runs if (pictures := _pictures(run))]
    if not drawn:
        drawable = [run for run in runs if has_checkpoint(run)]
        remarks = [join(["What adaptation does to each layer: ", command("explain", run)]) for run in drawable[:1]]
        return Section(title, missing=remarks)
    grids = [(name, element("div", *pictures, class_="figures")) for name, pictures in drawn]
    return Section(title, [grid if len(runs) == 1 else folded(name, grid) for name, grid in grids])


def _pictures(run: RunResults) -> list[Html]:
    names = {path.stem.removeprefix(_PREFIX): path for path in files(run.path / PLOTS, f"{_PREFIX}*.svg")}
    return [
        picture(embedded(path), name.capitalize(), f"{name}, measured layer by layer; how to read it is said below it")
        for name, path in names.items()
    ]
