"""All the figures that some runs allow, as files."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlrun.analysis.comparison.grouping import as_text, benchmark_settings, differences, group_runs
from mlrun.analysis.comparison.protocol import IncomparableError
from mlrun.analysis.plots.saving import save
from mlrun.analysis.plots.style import LOOKS
from mlrun.runs.results import RunResults


@dataclass(frozen=True)
class Written:
    """What became of a figure.

    Attributes:
        paths: its files; none if no run could be in it.
        remarks: what is not in it and why, a line each.
    """

    paths: list[Path]
    remarks: list[str]


def write_figure(name: str, runs: Sequence[RunResults], directory: Path, kinds: Sequence[str]) -> Written:
    """Draw the figure of those runs that can be in it.

    Args:
        name: one of `mlrun.analysis.plots.FIGURES`.
        runs: one or more that `require_one_figure` accepts.
        directory: to write into; made if need be.
        kinds: of files: "png", "svg".
    """
    figure = importlib.import_module(f"mlrun.analysis.plots.{name}")
    reasons = [figure.why_not(run) for run in runs]
    shown = [run for run, reason in zip(runs, reasons, strict=True) if reason is None]
    left_out = [f"{name}: without {run.id}: {reason}" for run, reason in zip(runs, reasons, strict=True) if reason]
    if not shown:
        return Written([], left_out if len(runs) > 1 else [f"{name} is not drawn: {reasons[0]}"])
    try:
        drawn = figure.draw(shown)
    except IncomparableError as error:
        return Written([], [*left_out, f"{name} is not drawn: {error}"])
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{name}.{kind}" for kind in kinds]
    for path in paths:
        save(drawn, path)
    return Written(paths, left_out)


def require_one_figure(runs: Sequence[RunResults]) -> None:
    """Check that runs can be shown together.

    Raises:
        IncomparableError: they are of different benchmarks, or of more experiments than there are colours.
    """
    first, *others = runs
    for run in others:
        mine, its = differences([benchmark_settings(each.experiment) for each in (first, run)])
        for key in mine | its:
            both = f"{as_text(mine.get(key))} in {first.id} and {as_text(its.get(key))} in {run.id}"
            raise IncomparableError(f"runs of different benchmarks do not fit into one figure: {key} is {both}")
    experiments = len(group_runs(runs))
    if experiments > len(LOOKS):
        raise IncomparableError(f"a figure can show {len(LOOKS)} experiments; these runs are of {experiments}")
