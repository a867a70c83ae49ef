"""Every test task at its place, before and after adaptation: on which tasks does adaptation fail?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mlrun.analysis.comparison.grouping import LabelledRuns, label_groups, runs_each
from mlrun.analysis.comparison.protocol import (
    evaluated,
    not_evaluated_reason,
    other_best_note,
    require_comparable,
    unfinished_note,
)
from mlrun.analysis.plots.map_panels import VIEWS, Panel, View, map_panels
from mlrun.analysis.plots.style import BLACK, BLUE, LIGHT, ORANGE, VERMILLION, Look, applied, caption, caption_height
from mlrun.runs.evaluations import adapts_by_memory
from mlrun.runs.results import RunResults
from mlrun.scores import SCORES

ALWAYS, SOMETIMES, NEVER = range(3)
OUTCOME_LOOKS: Final = {ALWAYS: Look(BLUE, "o"), SOMETIMES: Look(ORANGE, "^"), NEVER: Look(VERMILLION, "X")}
"""Markers of goals: success at the last step, success only before it, and no success."""

_MARKER: Final = 4.5  # points
_DOT: Final = 7.0  # square points
_LEAST: Final = 1e-6  # of the largest error; the logarithmic colour scale ends there, since errors can be 0
_COLOURED_BY: Final = {"navigation2d": "return", "sinusoid": "mse"}  # benchmarks without success, or with little


def why_not(run: RunResults) -> str | None:
    """Why the figure cannot show a run: it needs an evaluation on test tasks, and their places."""
    benchmark = run.experiment.benchmark.name
    if benchmark not in VIEWS:
        return f"it is not known where the tasks of {benchmark} lie"
    report = run.evaluation()
    if report is None:
        return not_evaluated_reason(run)
    shown = max(index for view in VIEWS[benchmark] for index in (*view.place, *(view.start or ())))
    found = len(report["per_task"][0]["parameters"])
    return None if shown < found else f"a task of {benchmark} has more parameters than the {found} in its evaluation"


@applied()
def draw(runs: Sequence[RunResults]) -> Figure:
    """Draw the goals from above and, if they differ in height, from the front: one or two rows per experiment.

    The marker of a goal shows whether it was reached. Goals of navigation2d are coloured by the return instead, because
    success is rare there. Sine waves are placed by phase and amplitude, and coloured by the error.

    Raises:
        IncomparableError: runs of one experiment were evaluated in different ways or on different tasks.
    """
    benchmark = runs[0].experiment.benchmark.name
    groups, views = label_groups(runs), VIEWS[benchmark]
    for group in groups:
        require_comparable([found for run in group.runs if (found := evaluated(run))])
    score = _COLOURED_BY.get(benchmark)
    repeated = _repeated(groups)
    sentences = (_explain(groups, repeated, by_outcome=score is None), unfinished_note(runs), other_best_note(runs))
    band = caption_height(*sentences)
    if score is None:
        figure = _draw_outcomes(groups, views, band, repeated)
    else:
        figure = _draw_scores(groups, views, score, band)
    caption(figure, *sentences)
    return figure


def _repeated(groups: Sequence[LabelledRuns]) -> list[str]:
    """What there are several of for each task: runs, trials, both or neither. The trials are those of a memory."""
    reports = [run.evaluation() or {} for group in groups for run in group.runs]
    trials = any(adapts_by_memory(report) and report.get("episodes", 1) > 1 for report in reports)
    return ["run"] * any(len(group.runs) > 1 for group in groups) + ["trial"] * trials


def _explain(groups: Sequence[LabelledRuns], repeated: Sequence[str], *, by_outcome: bool) -> str:
    """What the headings and the marks mean, for one run or for several."""
    means = "" if all(len(group.runs) == 1 for group in groups) else f"means of {runs_each(groups)} runs"
    if by_outcome:
        of_what = f", {means}" if means else ""
        only = " or ".join(f"{word}s" for word in repeated)
        some = f". Some success: in some {only} only, or not at the last step" if repeated else ""
        return f"Percentages: success at the last step{of_what}{some}."
    return f"{f'Numbers and colours: {means}' if means else 'Numbers: means'}. Darker is worse."


def _draw_outcomes(
    groups: Sequence[LabelledRuns], views: Sequence[View], band: float, repeated: Sequence[str]
) -> Figure:
    """Draw goals with a marker for their outcome, with `band` inches free at the bottom."""
    figure, panels = map_panels(groups, views, "success_last", band + 0.36)
    for panel in panels:
        if panel.view.start is not None:
            _draw_starts(panel, panel.view.start)
        _draw_goals(panel)
    _add_legend(figure, band, repeated, with_starts=views[0].start is not None)
    return figure


def _draw_starts(panel: Panel, start: tuple[int, int]) -> None:
    """Draw where the puck starts, and a line from there to its goal."""
    starts, goals = panel.places(start), panel.places(panel.view.place)
    panel.axes.plot(*np.stack([starts, goals]).transpose(2, 0, 1), color=LIGHT, linewidth=0.4)
    panel.axes.plot(*starts.T, linestyle="", marker=".", color=BLACK, markersize=1.5)


def _draw_goals(panel: Panel) -> None:
    kinds, places = _outcomes(panel), panel.places(panel.view.place)
    for kind, look in OUTCOME_LOOKS.items():
        style = {"color": look.colour, "marker": look.marker, "markeredgecolor": "white", "markeredgewidth": 0.3}
        panel.axes.plot(*places[kinds == kind].T, linestyle="", markersize=_MARKER, clip_on=False, **style)


def _outcomes(panel: Panel) -> np.ndarray:
    """The outcome of each task, ``(tasks,)``.

    ALWAYS means success at the last step in all runs and trials, NEVER means no success at any step in any of them.
    """
    always = (panel.scores("success_last") == 1).all(axis=0)
    never = (panel.scores("success_any") == 0).all(axis=0)
    return np.select([always, never], [ALWAYS, NEVER], SOMETIMES)


def _add_legend(figure: Figure, bottom: float, repeated: Sequence[str], *, with_starts: bool) -> None:
    of_one = ("success at the last step", "success, but not at the last step", "no success")
    every = " and ".join(f"{word}s" for word in repeated)
    of_several = (f"last-step success in all {every}", "some success", f"no success in any {' or '.join(repeated)}")
    handles = [
        Line2D([], [], linestyle="", markersize=_MARKER, color=look.colour, marker=look.marker, label=text)
        for look, text in zip(OUTCOME_LOOKS.values(), of_several if repeated else of_one, strict=True)
    ]
    if with_starts:
        start = {"marker": ".", "markersize": 3, "markeredgecolor": BLACK, "markerfacecolor": BLACK}
        handles.append(Line2D([], [], color=LIGHT, linewidth=0.6, label="start of the puck", **start))
    place = (0.01, bottom / figure.get_figheight())
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=place,
        borderaxespad=0,
        ncols=2,
        columnspacing=1,
        handlelength=1.2,
    )


def _draw_scores(groups: Sequence[LabelledRuns], views: Sequence[View], score: str, band: float) -> Figure:
    """Draw tasks coloured by a score, with `band` inches free at the bottom.

    Dark is bad and light is good. The colour of several runs is that of their mean.
    """
    figure, panels = map_panels(groups, views, score, band + 0.45)
    values = [panel.scores(score).mean(axis=0) for panel in panels]
    less_is_better, low, high = SCORES[score].less_is_better, np.min(values), np.max(values)
    norm = LogNorm(max(low, _LEAST * high), high, clip=True) if less_is_better and high > 0 else Normalize(low, high)
    colours = ScalarMappable(norm, "cividis_r" if less_is_better else "cividis")
    for panel, of_tasks in zip(panels, values, strict=True):
        x, y = panel.places(panel.view.place).T
        panel.axes.scatter(x, y, _DOT, colours.to_rgba(of_tasks), edgecolors="#333333", linewidths=0.2, clip_on=False)
    height = figure.get_figheight()
    bar = figure.add_axes((0.13, (band + 0.34) / height, 0.83, 0.07 / height))
    figure.colorbar(colours, bar, orientation="horizontal", label=SCORES[score].label)
    bar.xaxis.set_major_formatter("{x:g}")
    return figure
