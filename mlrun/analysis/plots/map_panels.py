"""Panels to draw tasks on, before and after adaptation."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mlrun.analysis.plots.grouping import Group
from mlrun.analysis.plots.style import COLUMN
from mlrun.analysis.plots.views import View
from mlrun.runs.results import RunResults
from mlrun.scores import SCORES
from mlrun.wording import counted

_MARGIN: Final = 0.06  # of the range of the tasks
_THINNEST: Final = 0.3  # of the other side of a panel to scale, which a few tasks could make a line

# In inches: the width of a panel, and what is beside, above, between and below those of an experiment.
_WIDTH, _LEFT, _ABOVE, _GAP, _BELOW = 1.28, 0.46, 0.2, 0.15, 0.36
_NAME: Final = 0.14  # more above, for the name of an experiment
_LONGEST_NAME: Final = 45  # letters
_WORD: Final = 0.13  # from the left, where the name of an axis ends


@dataclass(frozen=True)
class Panel:
    """One panel of a map.

    Attributes:
        axes: to draw on.
        group: the experiment that it shows.
        view: the plane that it shows.
        step: after which adaptation step; -1 is the last.
    """

    axes: Axes
    group: Group
    view: View
    step: int

    def places(self, parameters: tuple[int, int]) -> np.ndarray:
        """Where these parameters of the tasks are, ``(tasks, 2)``."""
        return _places(self.group, parameters)

    def scores(self, name: str) -> np.ndarray:
        """A score of every run on every task, ``(runs, tasks)``."""
        tasks = (_tasks(run) for run in self.group.runs)
        return np.array([[task["by_step"][self.step][name] for task in of_run] for of_run in tasks])


def map_panels(
    groups: Sequence[Group], views: Sequence[View], score: str, band: float
) -> tuple[Figure, Sequence[Panel]]:
    """A figure with empty panels to scale: for each experiment a row per view, before and after adaptation.

    Args:
        groups: the experiments, on the same tasks.
        views: to show of each; they have one horizontal axis.
        score: whose mean is in the headings.
        band: inches to leave free at the bottom.
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
    """Panels for before adaptation, and after the last step where there is one, each with the step."""
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


def _last_step(group: Group) -> int:
    return len(_tasks(group.runs[0])[0]["by_step"]) - 1


def _places(group: Group, parameters: tuple[int, int]) -> np.ndarray:
    return np.array([[task["parameters"][index] for index in parameters] for task in _tasks(group.runs[0])])


def _tasks(run: RunResults) -> list[dict[str, Any]]:
    report = run.evaluation()
    assert report is not None
    return report["per_task"]


def _limits(group: Group, view: View) -> np.ndarray:
    """The ends of both axes, ``(2, 2)``."""
    points = np.concatenate([_places(group, shown) for shown in (view.place, view.start) if shown])
    low, high = points.min(axis=0), points.max(axis=0)
    size = high - low
    if view.to_scale:
        size = size.clip(min=_THINNEST * size.max())
    middle, half = (low + high) / 2, (0.5 + _MARGIN) * np.where(size > 0, size, 1)
    return np.stack([middle - half, middle + half], axis=1)
