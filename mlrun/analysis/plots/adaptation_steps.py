"""Scores on test tasks by adaptation step, or by adaptation episode if a learner adapts by its memory."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mlrun.analysis.comparison.grouping import LabelledRuns, label_groups
from mlrun.analysis.comparison.protocol import not_evaluated_reason, other_best_note, unfinished_note
from mlrun.analysis.plots.panels import Label, label_ends, score_panels
from mlrun.analysis.plots.style import GREY, LOOKS, Look, applied, caption
from mlrun.runs.evaluations import adapts_by_memory
from mlrun.runs.results import RunResults, data_by_step
from mlrun.wording import counted

Report = Mapping[str, Any]

_MARGIN: Final = 0.15  # to the left and the right, as a part of the steps
_APART: Final = 0.03  # between the bars of two runs, as a part of the width of a panel
_TOGETHER: Final = 0.4  # the most for the bars of all runs, as a part of a step


def why_not(run: RunResults) -> str | None:
    """Why the figure cannot show a run: it needs an evaluation on test tasks."""
    return not_evaluated_reason(run)


@applied()
def draw(runs: Sequence[RunResults]) -> Figure:
    """Draw the scores after 0, 1, ... adaptation steps, with 95% bootstrap intervals over tasks.

    A learner with a memory takes an episode for each step, and others take many. If there is one, the axis is that of
    adaptation episodes.

    Every run has its own line, slightly beside the others. Scores of reference policies are dotted lines.
    """
    groups = label_groups(runs)
    reports = {run.path: run.evaluation() or {} for run in runs}
    first = reports[runs[0].path]
    figure, rows = score_panels(first["by_step"][0], [*first["floors"], *(group.label for group in groups)])
    unit = "episodes" if any(map(adapts_by_memory, reports.values())) else "steps"
    places = {path: _places(report, unit) for path, report in reports.items()}
    last = max(of_run[-1] for of_run in places.values())
    labels = []
    for name, (axes,) in rows.items():
        axes.set_xlim(-_MARGIN * (last + 1), last + _MARGIN * (last + 1))
        references = _draw_references(axes, name, first["floors"])
        ends = _draw_groups(axes, name, groups, reports, places)
        labels.append((axes, references + ends if len(groups) > 1 else references))
    lowest, _ = labels[-1]
    lowest.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    lowest.set_xlabel(f"adaptation {unit}")
    caption(figure, _explain(runs, reports.values()), unfinished_note(runs), other_best_note(runs))
    for axes, of_row in labels:
        label_ends(axes, of_row)
    return figure


def _draw_references(axes: Axes, name: str, references: Mapping[str, Mapping[str, float | None]]) -> list[Label]:
    labels = []
    for label, scores in references.items():
        height = scores.get(name)
        if height is not None:
            axes.axhline(height, color=GREY, linewidth=0.7, linestyle=":")
            labels.append(Label(label, axes.get_xlim()[1], height, GREY))
    return labels


def _places(report: Report, unit: str) -> Sequence[int]:
    """Where the scores of an evaluation are on the axis."""
    return data_by_step(report, unit) if unit == "episodes" else range(len(report["by_step"]))


def _draw_groups(
    axes: Axes,
    name: str,
    groups: Sequence[LabelledRuns],
    reports: Mapping[Path, Report],
    places: Mapping[Path, Sequence[int]],
) -> list[Label]:
    apart = min(_APART * np.ptp(axes.get_xlim()), _TOGETHER / len(reports))
    shifts = iter(apart * (np.arange(len(reports)) - (len(reports) - 1) / 2))
    labels = []
    for group, look in zip(groups, LOOKS, strict=False):
        ends = [
            _draw_run(axes, name, reports[run.path], look, np.array(places[run.path]) + next(shifts))
            for run in group.runs
        ]
        labels.append(Label(group.label, *ends[-1], look.colour))
    return labels


def _draw_run(axes: Axes, name: str, report: Report, look: Look, x: np.ndarray) -> tuple[float, float]:
    """Draw the line and the intervals of one run, and return the last point."""
    scores = [step[name] for step in report["by_step"]]
    mean, low, high = (np.array([score[key] for score in scores]) for key in ("mean", "low", "high"))
    bars = np.maximum([mean - low, high - mean], 0)
    axes.errorbar(x, mean, bars, color=look.colour, marker=look.marker, elinewidth=0.8, capsize=1.5, clip_on=False)
    return float(x[-1]), float(mean[-1])


def _explain(runs: Sequence[RunResults], reports: Iterable[Report]) -> str:
    """What the intervals are over, and how much data each task was adapted to."""
    unit = runs[0].experiment.data_unit
    evaluations = dict.fromkeys(
        counted(len(report["per_task"]), "test task") + f", {_data(report, unit)}" * (len(report["by_step"]) > 1)
        for report in reports
    )
    return f"Bars: 95% bootstrap intervals over {' or '.join(evaluations)}." + " A line per run." * (len(runs) > 1)


def _data(report: Report, unit: str) -> str:
    if adapts_by_memory(report):
        return f"means of {counted(report[unit], 'trial')}"
    return f"{report.get(unit)} {'episodes per step' if unit == 'episodes' else 'examples'}"
