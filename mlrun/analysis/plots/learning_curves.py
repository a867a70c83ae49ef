"""Scores before and after adaptation along meta-training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mlrun.analysis.comparison.compare import SAMPLE_UNITS
from mlrun.analysis.comparison.grouping import LabelledRuns, label_groups, runs_each
from mlrun.analysis.comparison.protocol import unfinished_note
from mlrun.analysis.plots.panels import Label, label_ends, score_panels
from mlrun.analysis.plots.style import BLUE, LOOKS, VERMILLION, Look, applied, caption
from mlrun.runs.metrics import is_number
from mlrun.runs.results import RunResults
from mlrun.scores import SHOWN
from mlrun.wording import listed

_BEFORE: Final = Look(VERMILLION, "s")  # in figures of one experiment
_AFTER: Final = Look(BLUE, "o")
_RANGES: Final = {"shades": PolyCollection, "bars": LineCollection}  # how matplotlib draws ranges
_FEW: Final = 12  # evaluations; up to so many leave room for large markers
_MOST_POINTS: Final = 120  # of a curve; a column has no room for more

_Labels = Sequence[tuple[Axes, Sequence[Label]]]  # written after the caption


@dataclass(frozen=True)
class Curve:
    """A metric along training, over the runs of one experiment.

    Attributes:
        x: iterations or samples up to each point, ``(points,)``.
        mean: over the runs, ``(points,)``.
        low: of the lowest run, ``(points,)``.
        high: of the highest run, ``(points,)``.
    """

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def end(self) -> tuple[float, float]:
        """The last point."""
        return float(self.x[-1]), float(self.mean[-1])


def why_not(run: RunResults) -> str | None:
    """Why the figure cannot show a run: it needs two iterations with scores."""
    scored = sum(1 for row in run.metrics if any(_scores_in(row)))
    return None if scored > 1 else f"a curve takes 2 iterations, and it has {scored}"


@applied()
def draw(runs: Sequence[RunResults]) -> Figure:
    """Draw the scores by meta-iteration or, for several experiments, by the samples collected.

    Markers are evaluations during training. They cover all training tasks and do not explore. Thin lines are the
    batches of training tasks that the iterations learn from. Figures of several experiments show batches only for
    scores without evaluations.

    Runs of one experiment are averaged. Shades and bars show the range from the lowest run to the highest. For 2 or 3
    runs this is also the 95% bootstrap interval of their mean.
    """
    groups = label_groups(runs)
    names = {name for run in runs for row in run.metrics for name in _scores_in(row)}
    figure, labels = _draw_one(groups[0], names) if len(groups) == 1 else _draw_several(groups, names)
    caption(figure, *_explain(figure, groups, exploring="return" in names), unfinished_note(runs))
    for axes, ends in labels:
        label_ends(axes, ends)
    return figure


def _scores_in(row: dict[str, object]) -> Iterator[str]:
    for name in SHOWN:
        keys = (f"{kind}{moment}/{name}" for kind in ("", "eval/") for moment in ("pre", "post"))
        if any(is_number(row.get(key)) for key in keys):
            yield name


def _draw_one(group: LabelledRuns, names: set[str]) -> tuple[Figure, _Labels]:
    figure, rows = score_panels(names, ["before", "after"])
    labels = []
    for name, (axes,) in rows.items():
        before = _draw_curve(axes, group, f"pre/{name}", _BEFORE)
        after = _draw_curve(axes, group, f"post/{name}", _AFTER)
        ends = (("before", before, _BEFORE), ("after", after, _AFTER))
        labels.append((axes, [Label(text, *end, look.colour) for text, end, look in ends if end]))
    _finish(figure, None)
    return figure, labels


def _draw_several(groups: Sequence[LabelledRuns], names: set[str]) -> tuple[Figure, _Labels]:
    first_rows = [run.metrics[0] for group in groups for run in group.runs]
    unit = next((unit for unit in SAMPLE_UNITS if all(unit in row for row in first_rows)), None)
    figure, rows = score_panels(names, [group.label for group in groups], ["before", "after"])
    labels = []
    for name, (left, right) in rows.items():
        ends = []
        for group, look in zip(groups, LOOKS, strict=False):
            before = _draw_curve(left, group, f"pre/{name}", look, unit, beside_others=True)
            after = _draw_curve(right, group, f"post/{name}", look, unit, beside_others=True)
            ends += [Label(group.label, *end, look.colour) for end in [after or before] if end]
        labels.append((right, ends))
    _finish(figure, unit)
    return figure, labels


def _draw_curve(
    axes: Axes, group: LabelledRuns, key: str, look: Look, unit: str | None = None, *, beside_others: bool = False
) -> tuple[float, float] | None:
    """Draw the curve of a score and return its last point; None if there is no curve."""
    evaluated = curve(group.runs, f"eval/{key}", unit)
    batches = None if beside_others and evaluated else curve(group.runs, key, unit)
    several = len(group.runs) > 1
    if batches:
        axes.plot(batches.x, batches.mean, color=look.colour, linewidth=0.6, alpha=0.8)
        if several:
            axes.fill_between(batches.x, batches.low, batches.high, color=look.colour, alpha=0.2, linewidth=0)
    if evaluated:
        size = 3.5 if len(evaluated.x) <= _FEW else 2
        line = {"color": look.colour, "marker": look.marker, "markersize": size, "clip_on": False, "zorder": 3}
        axes.plot(evaluated.x, evaluated.mean, **line)
        if several:
            axes.vlines(evaluated.x, evaluated.low, evaluated.high, color=look.colour, linewidth=0.8)
    shown = evaluated or batches
    return shown.end if shown else None


def _finish(figure: Figure, unit: str | None) -> None:
    lowest = figure.axes[-1]
    lowest.set_xlim(left=0)
    scale, name = _axis(unit, lowest.get_xlim()[1])
    lowest.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    lowest.xaxis.set_major_formatter(lambda value, _: f"{value / scale:,g}")
    for axes in figure.axes:
        axes.set_xlabel(name)
        axes.label_outer()


def _axis(unit: str | None, largest: float) -> tuple[float, str]:
    """How many iterations or samples make 1 on the axis, and the name of the axis."""
    if unit is None:
        return 1, "meta-iterations"
    scale, word = (1e6, "millions") if largest >= 2e6 else (1e3, "thousands")
    return scale, f"{SAMPLE_UNITS[unit]}\n({word})"


def _explain(figure: Figure, groups: Sequence[LabelledRuns], *, exploring: bool) -> Iterator[str]:
    """What the marks mean, for those marks that were drawn."""
    marked = [line.get_marker() != "None" for axes in figure.axes for line in axes.lines]
    drawn = [collection for axes in figure.axes for collection in axes.collections]
    ranges = [word for word, kind in _RANGES.items() if any(isinstance(one, kind) for one in drawn)]
    if len(groups) > 1:
        yield "Before and after adaptation."
    if any(marked):
        yield "Markers: evaluations on training tasks" + ", without exploration" * exploring + "."
    if not all(marked):
        yield "Thin lines: each iteration's batch" + ", exploring" * exploring + "."
    if ranges:
        yield f"Means of {runs_each(groups)} runs; {listed(ranges)}: lowest to highest."


def curve(runs: Sequence[RunResults], key: str, unit: str | None) -> Curve | None:
    """The curve of a metric over the iterations at which all runs have a number, or None if there are none.

    A curve has at most 120 points. If there are more iterations, stretches of equal length are averaged within each
    run.

    Args:
        runs: of one experiment.
        key: of the metric in metrics.jsonl.
        unit: key of the samples to draw along, summed over iterations; None to draw along iterations.
    """
    values = [{row["iteration"]: row[key] for row in run.metrics if is_number(row.get(key))} for run in runs]
    common = sorted(set.intersection(*(set(one) for one in values)))
    if not common:
        return None
    positions = _positions(runs[0], unit)
    table = np.array([[positions[i] for i in common], *([one[i] for i in common] for one in values)])
    if len(common) > _MOST_POINTS:
        parts = np.array_split(table, _MOST_POINTS, axis=1)
        table = np.stack([part.mean(axis=1) for part in parts], axis=1)
    by_run = table[1:]
    return Curve(table[0], by_run.mean(axis=0), by_run.min(axis=0), by_run.max(axis=0))


def _positions(run: RunResults, unit: str | None) -> dict[int, float]:
    """The iteration, or the samples collected up to its end, by iteration."""
    iterations = [row["iteration"] for row in run.metrics]
    if unit is None:
        return dict(zip(iterations, iterations, strict=True))
    totals = accumulate(row[unit] if is_number(row.get(unit)) else 0 for row in run.metrics)
    return dict(zip(iterations, totals, strict=True))
