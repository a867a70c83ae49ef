"""Draws figures and writes them to files. The same figure always gives the same bytes."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, Final

from matplotlib.figure import Figure

from mlrun.analysis.comparison.grouping import as_text, benchmark_settings, differences, group_runs
from mlrun.analysis.comparison.protocol import IncomparableError
from mlrun.analysis.plots.style import LOOKS, applied
from mlrun.runs.files import atomic_file
from mlrun.runs.results import RunResults

# By default matplotlib adds its version and the time, which would be different in every file.
_METADATA: Final = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}


@dataclass(frozen=True)
class Written:
    """The files of a figure, and notes on what is not in it.

    Attributes:
        paths: the files; empty if the figure can show none of the runs.
        notes: what was left out and why, one line each.
    """

    paths: list[Path]
    notes: list[str]


def write_figure(name: str, runs: Sequence[RunResults], directory: Path, kinds: Sequence[str]) -> Written:
    """Draw a figure of those runs that it can show, and write it to files.

    Args:
        name: one of `mlrun.analysis.plots.FIGURES`.
        runs: one or more that `require_one_figure` accepts.
        directory: to write into; created if it does not exist.
        kinds: kinds of files: "png", "svg".
    """
    figure = load_figure(name)
    shown, left_out = divide_runs(figure, runs)
    notes = [f"{name}: without {run.id}: {reason}" for run, reason in left_out]
    if not shown:
        return Written([], notes if len(runs) > 1 else [f"{name} is not drawn: {left_out[0][1]}"])
    try:
        drawn = figure.draw(shown)
    except IncomparableError as error:
        return Written([], [*notes, f"{name} is not drawn: {error}"])
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{name}.{kind}" for kind in kinds]
    for path in paths:
        save(drawn, path)
    return Written(paths, notes)


def require_one_figure(runs: Sequence[RunResults]) -> None:
    """Check that one figure can show all runs.

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


def load_figure(name: str) -> ModuleType:
    """Import the module of a figure; `mlrun.analysis.plots.FIGURES` says what it has."""
    return importlib.import_module(f"mlrun.analysis.plots.{name}")


def divide_runs(
    figure: ModuleType, runs: Sequence[RunResults]
) -> tuple[list[RunResults], list[tuple[RunResults, str]]]:
    """Divide runs into those that a figure can show and the others, each with the reason."""
    reasons = [(run, figure.why_not(run)) for run in runs]
    return [run for run, reason in reasons if reason is None], [(run, reason) for run, reason in reasons if reason]


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a file, .png or .svg as its extension says. An existing file is replaced."""
    with atomic_file(path) as file:
        write(figure, file, path.suffix.removeprefix("."))


def write(figure: Figure, file: BinaryIO, kind: str) -> None:
    """Write a figure into an open file as "png" or "svg"."""
    with applied():
        figure.savefig(file, format=kind, metadata=_METADATA[kind])
