"""Panels of maps of tasks: the planes that tasks are drawn in, before and after adaptation."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mlrun.analysis.comparison.grouping import LabelledRuns
from mlrun.analysis.plots.style import COLUMN
from mlrun.runs.results import RunResults
from mlrun.scores import SCORES
from mlrun.wording import counted

_MARGIN: Final = 0.06  # around the tasks, as a part of their range
_THINNEST: Final = 0.3  # the shorter side of a panel to scale, as a part of the longer: few tasks can lie on a line

# In inches: the width of a panel, and the space to the left of, above, between and below the panels of an experiment.
_WIDTH, _LEFT, _ABOVE, _GAP, _BELOW = 1.28, 0.46, 0.2, 0.15, 0.36
_NAME: Final = 0.14  # inches above, for the name of an experiment
_LONGEST_NAME: Final = 45  # letters
_WORD: Final = 0.13  # inches from the left to the end of the name of an axis


@dataclass(frozen=True)
class View:
    """A plane, and the parameters of a task that are coordinates in it.

    Attributes:
        x: name of the horizontal axis.
        y: name of the vertical axis.
        place: indices of the parameters that place the task: its goal, or what else distinguishes it.
        start: indices of the parameters where the puck starts; None if no puck has to be moved.
        to_scale: whether both axes are in metres.
    """

    x: str
    y: str
    place: tuple[int, int]
    start: tuple[int, int] | None = None
    to_scale: bool = True


_TOP: Final = ("x (m)", "y (m)")
_FRONT: Final = ("x (m)", "height (m)")

# The parameters of an ML1 task are the positions of the puck and of the goal, each (x, y, height).
VIEWS: Final[Mapping[str, Sequence[View]]] = {
    "ml1/reach-v3": (View(*_TOP, (3, 4)), View(*_FRONT, (3, 5))),
    "ml1/push-v3": (View(*_TOP, (3, 4), (0, 1)),),
    "ml1/pick-place-v3": (View(*_TOP, (3, 4), (0, 1)), View(*_FRONT, (3, 5), (0, 2))),
    "navigation2d": (View("x", "y", (0, 1)),),
    "sinusoid": (View("phase", "amplitude", (1, 0), to_scale=False),),
}
"""The views to draw of a benchmark's tasks, from top to bottom, by the name of the benchmark."""


@dataclass(frozen=True)
class Panel:
    """One panel of a map.

    Attributes:
        axes: to draw on.
        group: the runs that it shows.
        view: the plane that it shows.
        step: the adaptation step after which it shows them; -1 is the last.
    """

    axes: Axes
    group: LabelledRuns
    view: View
    step: int

    def places(self, parameters: tuple[int, int]) -> np.ndarray:
        """The points that two parameters of each task make, ``(tasks, 2)``."""
        return _places(self.group, parameters)

    def scores(self, name: str) -> np.ndarray:
        """A score of every run on every task, ``(runs, tasks)``."""
        tasks = (_tasks(run) for run in self.group.runs)
        return np.array([[task["by_step"][self.step][name] for task in of_run] for of_run in tasks])


def map_panels(
    groups: Sequence[LabelledRuns], views: Sequence[View], score: str, band: float
) -> tuple[Figure, Sequence[Panel]]:
    """Make a figure of empty panels: a row for each view of each experiment, before and after adaptation.

    Args:
        groups: the experiments, on the same tasks.
        views: the views of each; they share their horizontal axis.
        score: name of the score whose mean is in the headings.
        band: inches to leave free at the bottom.

    Returns:
        The figure and its panels, row by row.
    """
    limits = [_limits(groups[0], view) for view in views]
    shapes = [np.ptp(y) / np.ptp(x) if view.to_scale else 1 for view, (x, y) in zip(views, limits, strict=True)]
    tall = [_WIDTH * shape for shape in shapes]
    above = _ABOVE + _NAME * (len(groups) > 1)
    of_each = above + sum(tall) + _GAP * (len(views) - 1) + _BELOW
    figure = Figure(figsize=(COLUMN, of_each * len(groups) + band))
    panels = []
    for number, group in enumerate(groups):
        top = of_each * (len(groups) - number) + band - above
        for view, (x, y), inches in zip(views, limits, tall, strict=True):
            row = [Panel(axes, group, view, step) for axes, step in _row(figure, top, inches, _last_step(group))]
            for panel in row:
                panel.axes.set(xlim=x, ylim=y)
                _annotate(panel, score, first=view is views[0], last=view is views[-1], named=len(groups) > 1)
            panels += row
            top -= inches + _GAP
    return figure, panels


def _row(figure: Figure, top: float, height: float, last_step: int) -> Iterator[tuple[Axes, int]]:
    """Axes for step 0 and, if there was adaptation, for the last step -1; each with the step."""
    whole = figure.get_figheight()
    for column, step in enumerate((0, -1) if last_step else (0,)):
        left = _LEFT + column * (_WIDTH + _GAP)
        yield figure.add_axes((left / COLUMN, (top - height) / whole, _WIDTH / COLUMN, height / whole)), step


def _annotate(panel: Panel, score: str, *, first: bool, last: bool, named: bool) -> None:
    axes = panel.axes
    axes.tick_params(labelbottom=last, labelleft=panel.step == 0)
    if first:
        axes.set_title(_heading(panel, score), pad=4)
    if first and named and panel.step == 0:
        name = textwrap.shorten(panel.group.label, _LONGEST_NAME, placeholder=" ...")
        place = {"xycoords": "axes fraction", "textcoords": "offset points", "size": axes.title.get_fontsize()}
        axes.annotate(name, (0, 1), (0, 4 + 72 * _NAME), **place)
    if last:
        axes.set_xlabel(panel.view.x)
    if panel.step == 0:
        axes.set_ylabel(panel.view.y)
        axes.yaxis.set_label_coords((_WORD - _LEFT) / _WIDTH, 0.5)


def _heading(panel: Panel, score: str) -> str:
    steps = _last_step(panel.group)
    before = "before" if steps else "before adaptation"
    moment = before if panel.step == 0 else f"after {counted(steps, 'step')}"
    mean = SCORES[score].as_text(float(panel.scores(score).mean()))
    return f"{moment}: {mean}".replace("-", "\N{MINUS SIGN}")


def _last_step(group: LabelledRuns) -> int:
    return len(_tasks(group.runs[0])[0]["by_step"]) - 1


def _places(group: LabelledRuns, parameters: tuple[int, int]) -> np.ndarray:
    return np.array([[task["parameters"][index] for index in parameters] for task in _tasks(group.runs[0])])


def _tasks(run: RunResults) -> list[dict[str, Any]]:
    report = run.evaluation()
    assert report is not None
    return report["per_task"]


def _limits(group: LabelledRuns, view: View) -> np.ndarray:
    """The lower and the upper end of both axes, ``(2 axes, 2 ends)``."""
    points = np.concatenate([_places(group, shown) for shown in (view.place, view.start) if shown])
    low, high = points.min(axis=0), points.max(axis=0)
    size = high - low
    if view.to_scale:
        size = size.clip(min=_THINNEST * size.max())
    middle, half = (low + high) / 2, (0.5 + _MARGIN) * np.where(size > 0, size, 1)
    return np.stack([middle - half, middle + half], axis=1)
