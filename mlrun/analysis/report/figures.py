"""The section of the figures that `mlrun plot` draws. Importing this module loads matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from matplotlib.figure import Figure

from mlrun.analysis.comparison.grouping import as_text, benchmark_settings
from mlrun.analysis.comparison.protocol import IncomparableError
from mlrun.analysis.plots import FIGURES
from mlrun.analysis.plots.writing import divide_runs, load_figure, require_one_figure, write
from mlrun.analysis.report.html import Html, data_uri, element, picture
from mlrun.analysis.report.section import Section
from mlrun.runs.results import RunResults

_DESCRIPTIONS: Final = {
    "learning_curves": "Scores before and after adaptation along meta-training",
    "adaptation_steps": "Scores on held-out tasks by adaptation step, with the scores of reference policies",
    "goal_map": "Held-out tasks at their places, with their outcomes before and after adaptation",
    "time_split": "Seconds per iteration for collecting, updating and evaluating",
}


def figures_section(runs: Sequence[RunResults]) -> Section:
    """Every figure that can show some of the runs. Each benchmark has its own figures."""
    content, missing = [], []
    benchmarks = _by_benchmark(runs)
    for alike in benchmarks:
        pictures, reasons = _drawn(alike)
        heading = [element("h3", alike[0].experiment.benchmark.name)] if pictures and len(benchmarks) > 1 else []
        content += [*heading, element("div", *pictures, class_="figures")] if pictures else []
        missing += reasons
    return Section("Figures", content, missing)


def _by_benchmark(runs: Sequence[RunResults]) -> list[list[RunResults]]:
    groups: dict[str, list[RunResults]] = {}
    for run in runs:
        groups.setdefault(as_text(benchmark_settings(run.experiment)), []).append(run)
    return list(groups.values())


def _drawn(runs: Sequence[RunResults]) -> tuple[list[Html], list[str]]:
    """The figures of runs on one benchmark, and the reasons why others are missing."""
    try:
        require_one_figure(runs)
    except IncomparableError as error:
        return [], [f"Figures: {error}."]
    pictures, reasons = [], []
    for name in FIGURES:
        figure, title = load_figure(name), name.replace("_", " ").capitalize()
        shown, left_out = divide_runs(figure, runs)
        reasons += [f"{title} of {run.id}: {reason}." for run, reason in left_out]
        try:
            pictures += [picture(_as_svg(figure.draw(shown)), title, _DESCRIPTIONS[name])] if shown else []
        except IncomparableError as error:
            reasons.append(f"{title}: {error}.")
    return pictures, reasons


def _as_svg(figure: Figure) -> str:
    file = io.BytesIO()
    write(figure, file, "svg")
    return data_uri(file.getvalue(), "image/svg+xml")
