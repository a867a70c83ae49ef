"""Scores before and after adaptation along meta-training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mlrun.analysis.plots.curves import curve
from mlrun.analysis.plots.grouping import Group, by_experiment, sizes
from mlrun.analysis.plots.labels import Label, label_ends
from mlrun.analysis.plots.panels import SHOWN, score_panels
from mlrun.analysis.plots.remarks import unfinished
from mlrun.analysis.plots.style import BLUE, LOOKS, VERMILLION, Look, applied, caption
from mlrun.runs.metrics import is_number
from mlrun.runs.results import RunResults
from mlrun.wording import listed

_BEFORE: Final = Look(VERMILLION, "s")  # where there is one experiment
_AFTER: Final = Look(BLUE, "o")
_UNITS: Final = {"env_steps": "environment steps", "examples": "examples"}
_RANGES: Final = {"shades": PolyCollection, "bars": LineCollection}  # what is drawn as which
_FEW: Final = 12  # evaluations that leave room for large markers

_Labels = Sequence[tuple[Axes, Sequence[Label]]]  # to write beside panels, once the caption has taken its room


def why_not(run: RunResults) -> str | None:
    """A curve takes two points."""
    scored = sum(1 for row in run.metrics if any(_scores_in(row)))
    return None if scored > 1 else f"a curve takes 2 iterations, and it has {scored}"


@applied()
def draw(runs: Sequence[RunResults]) -> Figure:
    """Return and successes, or the error, by meta-iteration; of several experiments, by the samples they have taken.

    Markers are the evaluations during training, which cover all training tasks and explore nothing. Thin lines are the
    batches of training tasks that the iterations learn from; among several experiments they are shown only where there
    are no evaluations. Runs of one experiment are averaged; shades and bars range from the lowest of them to the
    highest, which of 2 or 3 runs is the 95% bootstrap interval of their mean as well.
    """
    groups = by_experiment(runs)
    names = {name for run in runs for row in run.metrics for name in _scores_in(row)}
    figure, labels = _draw_one(groups[0], names) if len(groups) == 1 else _draw_several(groups, names)
    caption(figure, *_explain(figure, groups, exploring="return" in names), unfinished(runs))
    for axes, ends in labels:
        label_ends(axes, ends)
    return figure


def _scores_in(row: dict[str, object]) -> Iterator[str]:
    for name in SHOWN:
        keys = (f"{kind}{moment}/{name}" for kind in ("", "eval/") for moment in ("pre", "post"))
        if any(is_number(row.get(key)) for key in keys):
            yield name


def _draw_one(group: Group, names: set[str]) -> tuple[Figure, _Labels]:
    figure, rows = score_panels(names, ["before", "after"])
    labels = []
    for name, (axes,) in rows.items():
        before = _draw_curve(axes, group, f"pre/{name}", _BEFORE)
        after = _draw_curve(axes, group, f"post/{name}", _AFTER)
        ends = (("before", before, _BEFORE), ("after", after, _AFTER))
        labels.append((axes, [Label(text, *end, look.colour) for text, end, look in ends if end]))
    _finish(figure, None)
    return figure, labels


def _draw_several(groups: Sequence[Group], names: set[str]) -> tuple[Figure, _Labels]:
    first_rows = [run.metrics[0] for group in groups for run in group.runs]
    unit = next((unit for unit in _UNITS if all(unit in row for row in first_rows)), None)
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
    axes: Axes, group: Group, key: str, look: Look, unit: str | None = None, *, beside_others: bool = False
) -> tuple[float, float] | None:
    """Draw the curve of a score and return where it ends; None where there is none."""
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
    """How many of what is counted make 1 on the axis, and the name of the axis."""
    if unit is None:
        return 1, "meta-iterations"
    scale, word = (1e6, "millions") if largest >= 2e6 else (1e3, "thousands")
    return scale, f"{_UNITS[unit]}\n({word})"


def _explain(figure: Figure, groups: Sequence[Group], *, exploring: bool) -> Iterator[str]:
    """What the marks are that have been drawn, and no others."""
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
        yield f"Means of {sizes(groups)} runs; {listed(ranges)}: lowest to highest."
