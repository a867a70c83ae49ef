"""Scores on held-out tasks by adaptation step."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mlrun.analysis.plots.grouping import Group, by_experiment
from mlrun.analysis.plots.labels import Label, label_ends
from mlrun.analysis.plots.panels import score_panels
from mlrun.analysis.plots.remarks import not_evaluated, not_the_best, unfinished
from mlrun.analysis.plots.style import GREY, LOOKS, Look, applied, caption
from mlrun.runs.results import RunResults
from mlrun.wording import counted

Report = Mapping[str, Any]

_MARGIN: Final = 0.15  # of the steps, to the left and the right of them
_APART: Final = 0.03  # of the width of a panel, between the bars of two runs
_TOGETHER: Final = 0.4  # of a step, for the bars of all runs


def why_not(run: RunResults) -> str | None:
    """There must be an evaluation on held-out tasks."""
    return not_evaluated(run)


@applied()
def draw(runs: Sequence[RunResults]) -> Figure:
    """Return and successes, or the error, after 0, 1, ... steps, with the 95% bootstrap intervals over tasks.

    Every run has its own line, a little beside the others'. What is reached without adaptation is a dotted line.
    """
    groups = by_experiment(runs)
    reports = {run.path: run.evaluation() or {} for run in runs}
    first = reports[runs[0].path]
    figure, rows = score_panels(first["by_step"][0], [*first["floors"], *(group.label for group in groups)])
    steps = max(len(report["by_step"]) for report in reports.values())
    labels = []
    for name, (axes,) in rows.items():
        axes.set_xlim(-_MARGIN * steps, steps - 1 + _MARGIN * steps)
        floors, ends = _draw_floors(axes, name, first["floors"]), _draw_groups(axes, name, groups, reports)
        labels.append((axes, floors + ends if len(groups) > 1 else floors))
    lowest, _ = labels[-1]
    lowest.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    lowest.set_xlabel("adaptation steps")
    caption(figure, _explain(runs, reports.values()), unfinished(runs), not_the_best(runs))
    for axes, of_row in labels:
        label_ends(axes, of_row)
    return figure


def _draw_floors(axes: Axes, name: str, floors: Mapping[str, Mapping[str, float | None]]) -> list[Label]:
    labels = []
    for label, floor in floors.items():
        height = floor.get(name)
        if height is not None:
            axes.axhline(height, color=GREY, linewidth=0.7, linestyle=":")
            labels.append(Label(label, axes.get_xlim()[1], height, GREY))
    return labels


def _draw_groups(axes: Axes, name: str, groups: Sequence[Group], reports: Mapping[Path, Report]) -> list[Label]:
    apart = min(_APART * np.ptp(axes.get_xlim()), _TOGETHER / len(reports))
    shifts = iter(apart * (np.arange(len(reports)) - (len(reports) - 1) / 2))
    labels = []
    for group, look in zip(groups, LOOKS, strict=False):
        ends = [_draw_run(axes, name, reports[run.path], look, next(shifts)) for run in group.runs]
        labels.append(Label(group.label, *ends[-1], look.colour))
    return labels


def _draw_run(axes: Axes, name: str, report: Report, look: Look, shift: float) -> tuple[float, float]:
    """Draw one run's line with its intervals, and return where it ends."""
    scores = [step[name] for step in report["by_step"]]
    mean, low, high = (np.array([score[key] for score in scores]) for key in ("mean", "low", "high"))
    x = np.arange(len(scores)) + shift
    bars = np.maximum([mean - low, high - mean], 0)
    axes.errorbar(x, mean, bars, color=look.colour, marker=look.marker, elinewidth=0.8, capsize=1.5, clip_on=False)
    return float(x[-1]), float(mean[-1])


def _explain(runs: Sequence[RunResults], reports: Iterable[Report]) -> str:
    """What the intervals are over, and how much data a task was adapted to."""
    unit = runs[0].experiment.data_unit
    each = "episodes per step" if unit == "episodes" else "examples"
    evaluations = dict.fromkeys(
        counted(len(report["per_task"]), "test task") + f", {report.get(unit)} {each}" * (len(report["by_step"]) > 1)
        for report in reports
    )
    return f"Bars: 95% bootstrap intervals over {' or '.join(evaluations)}." + " A line per run." * (len(runs) > 1)
