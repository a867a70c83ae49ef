"""Seconds per iteration for collecting, updating and evaluating."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mlrun.analysis.comparison.grouping import LabelledRuns, label_groups, runs_each
from mlrun.analysis.comparison.protocol import unfinished_note
from mlrun.analysis.plots.panels import Label, label_ends
from mlrun.analysis.plots.style import BLACK, BLUE, COLUMN, ORANGE, YELLOW, applied, caption
from mlrun.runs.metrics import is_number
from mlrun.runs.results import RunResults

_PARTS: Final = {"collect": BLUE, "update": ORANGE, "evaluate": YELLOW}  # from dark to light
_KEYS: Final = ("time", "time/collect", "time/update")
_MOST_BARS: Final = 120


def why_not(run: RunResults) -> str | None:
    """Why the figure cannot show a run: it needs a timed iteration."""
    return None if len(_seconds(run)) else "no iteration was timed"


@applied()
def draw(runs: Sequence[RunResults]) -> Figure:
    """Draw the parts of the time of an iteration: along training for one run, as a bar per experiment for several.

    The time for evaluating is the rest, after collecting and updating.
    """
    groups = label_groups(runs)
    along_training = len(runs) == 1 and len(_seconds(runs[0])) > 1
    figure = _draw_along_training(runs[0]) if along_training else _draw_bars(groups)
    of_runs = f" of {runs_each(groups)} runs" if len(runs) > len(groups) else ""
    numbers = f"Numbers: means over all iterations{of_runs}; only some iterations evaluate."
    caption(figure, numbers, unfinished_note(runs))
    return figure


def _draw_along_training(run: RunResults) -> Figure:
    seconds = _seconds(run)
    edges = np.linspace(0, len(seconds), min(len(seconds), _MOST_BARS) + 1).round().astype(int)
    heights = np.add.reduceat(seconds, edges[:-1]) / np.diff(edges)[:, None]
    tops = heights.cumsum(axis=1)
    scale, unit = _unit(tops.max())
    figure = Figure(figsize=(COLUMN, 1.57), layout="constrained")
    axes = figure.subplots()
    for part, top, height, colour in zip(_PARTS, tops.T, heights.T, _PARTS.values(), strict=True):
        axes.stairs(top * scale, edges, baseline=(top - height) * scale, fill=True, color=colour, label=part)
    axes.set_xlim(0, len(seconds))
    axes.set_xlabel("meta-iterations")
    axes.set_ylabel(f"time per iteration ({unit})")
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    middles = (tops[-1] - heights[-1] / 2) * scale
    means = seconds.mean(axis=0) * scale
    texts = [f"{part} {mean:.2g} {unit}" for part, mean in zip(_PARTS, means, strict=True)]
    label_ends(axes, [Label(text, len(seconds), middle, BLACK) for text, middle in zip(texts, middles, strict=True)])
    return figure


def _draw_bars(groups: Sequence[LabelledRuns]) -> Figure:
    means = np.array([np.mean([_seconds(run).mean(axis=0) for run in group.runs], axis=0) for group in groups])
    ends = means.cumsum(axis=1)
    scale, unit = _unit(ends.max())
    figure = Figure(figsize=(COLUMN, 0.62 + 0.25 * len(groups)), layout="constrained")
    axes = figure.subplots()
    for part, end, width, colour in zip(_PARTS, ends.T, means.T, _PARTS.values(), strict=True):
        axes.barh(range(len(groups)), width * scale, left=(end - width) * scale, height=0.6, color=colour, label=part)
    for place, end in enumerate(ends[:, -1] * scale):
        axes.annotate(f"{end:.3g}", (end, place), (3, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(groups)), [group.label for group in groups])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"time per iteration ({unit})")
    figure.legend(loc="outside upper left", ncols=len(_PARTS))
    return figure


def _unit(longest: float) -> tuple[float, str]:
    """How many of the unit make a second, and the name of the unit, for times up to `longest` seconds."""
    return (1, "s") if longest >= 0.1 else (1000, "ms")


def _seconds(run: RunResults) -> np.ndarray:
    """Seconds of each timed iteration for each of the parts, ``(iterations, 3)``."""
    timed = [[row[key] for key in _KEYS] for row in run.metrics if all(is_number(row.get(key)) for key in _KEYS)]
    since_start, collect, update = np.array(timed).reshape(-1, len(_KEYS)).T
    evaluate = np.diff(since_start, prepend=0) - collect - update
    return np.stack([collect, update, evaluate.clip(min=0)], axis=1)
