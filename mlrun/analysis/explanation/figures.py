"""The figures of an explanation. Below each figure stands a caption that says how to read it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter
from torch.nn.functional import avg_pool2d

from mlrun.analysis.explanation.explain import ALL_LAYERS, ByLayer, Explanation
from mlrun.analysis.explanation.memory import HELD_OUT, TRAINING, WITHOUT_REWARDS, MemoryExplanation
from mlrun.analysis.explanation.movement import between_tasks, neighbours_by_similarity
from mlrun.analysis.explanation.report import (
    AGREEMENT_CAPTION,
    MEMORY_CAPTION,
    MOVEMENT_CAPTION,
    RATES_CAPTION,
    REPRESENTATION_CAPTION,
)
from mlrun.analysis.plots.panels import Label, label_ends
from mlrun.analysis.plots.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    VERMILLION,
    Look,
    applied,
    caption,
)

_TASKS: Final = "Dots are tasks, bars their medians."
_PARAMETERS: Final = (
    "Dots are parameters, grey ones where training started; bars are medians. The axis is linear near 0."
)
_PAIRS: Final = "Bars are pairs of tasks, the line is each task and itself on other data, both scaled to one height."
_EPISODES: Final = "Shades: 95% bootstrap intervals over tasks. Dotted: the mean goal. Vertical lines: an episode ends."
_SERIES: Final = {
    HELD_OUT: ("held-out tasks", Look(BLUE, "o")),
    TRAINING: ("training tasks", Look(GREEN, "^")),
    WITHOUT_REWARDS: ("without rewards", Look(VERMILLION, "s")),
}
_CELLS: Final = 250  # the most along a side of the matrix; more are too small to see, and make an SVG of a megabyte
_AROUND: Final = 0.5  # inches that an axis takes with its label
_GOLDEN: Final = 0.618  # golden ratio; the fractional parts of its multiples are spread evenly


def figures(explanation: Explanation | MemoryExplanation) -> Iterator[tuple[str, Figure]]:
    """Draws a figure for each measure of the explanation, and gives it with its name."""
    if isinstance(explanation, MemoryExplanation):
        yield "memory", draw_memory(explanation)
        return
    yield "movement", draw_movement(explanation)
    yield "representation", draw_representation(explanation)
    if explanation.rates:
        yield "rates", draw_rates(explanation)
    yield "agreement", draw_agreement(explanation)


@applied()
def draw_movement(explanation: Explanation) -> Figure:
    """Draws the relative distance that each layer moves, a dot per task."""
    distances = explanation.relative_distance
    figure = _figure(0.27 * len(distances), MOVEMENT_CAPTION, _TASKS)
    axes = figure.subplots()
    _strips(axes, distances, BLUE)
    axes.set_xlim(left=0)
    axes.set_xlabel("|θ' - θ| / |θ|")
    return figure


@applied()
def draw_representation(explanation: Explanation) -> Figure:
    """Draws how similar the outputs of each layer stay, and how far they shift, a dot per task."""
    figure = _figure(0.27 * len(explanation.similarity), REPRESENTATION_CAPTION, _TASKS)
    similarity, shift = figure.subplots(1, 2, sharey=True)
    _strips(similarity, explanation.similarity, BLUE)
    _strips(shift, explanation.shift, BLUE)
    similarity.set_xlim(0, 1.02)
    similarity.set_xlabel("CKA")
    shift.set_xlim(left=0)
    shift.set_xlabel("shift / spread over inputs")
    return figure


@applied()
def draw_rates(explanation: Explanation) -> Figure:
    """Draws the learned rates of weights and biases below the initial rates, a dot per parameter."""
    figure = _figure(0.4 * len(explanation.rates), RATES_CAPTION, _PARAMETERS)
    axes = figure.subplots()
    sizes = torch.cat([*explanation.rates.values(), *explanation.initial_rates.values()]).abs()
    axes.set_xscale("symlog", linthresh=_power_of_ten_above(float(sizes.median())))
    _strips(axes, explanation.initial_rates, GREY, offset=0.2)
    _strips(axes, explanation.rates, BLUE, offset=-0.2)
    axes.axvline(0, color=BLACK, linewidth=0.6)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xlabel("rate")
    return figure


@applied()
def draw_agreement(explanation: Explanation) -> Figure:
    """Draws the cosines of all pairs of tasks, as a matrix and as a histogram."""
    cosines = explanation.cosines[ALL_LAYERS]
    side = math.ceil(len(cosines) / _CELLS)
    figure = _figure(3.6, AGREEMENT_CAPTION, f"Cells are means of {side} by {side} pairs." if side > 1 else "", _PAIRS)
    matrix, histogram = figure.subplots(2, height_ratios=(2.6, 1))
    order = neighbours_by_similarity(cosines)
    cells = avg_pool2d(cosines[order][:, order].unsqueeze(0), side, ceil_mode=True).squeeze(0)
    image = matrix.imshow(cells.numpy(), cmap="PuOr_r", vmin=-1, vmax=1, interpolation="nearest")
    matrix.set_title(f"{len(cosines)} tasks, similar ones side by side")
    matrix.set_xticks([])
    matrix.set_yticks([])
    bins = np.linspace(-1, 1, 41)
    middles = (bins[1:] + bins[:-1]) / 2
    histogram.bar(middles, _heights(between_tasks(cosines), bins), bins[1] - bins[0], color=image.to_rgba(middles))
    histogram.stairs(_heights(explanation.same_task[ALL_LAYERS], bins), bins, color=BLACK, linewidth=0.8)
    histogram.set_xlim(-1, 1)
    histogram.set_xlabel("cosine")
    histogram.set_yticks([])
    return figure


@applied()
def draw_memory(explanation: MemoryExplanation) -> Figure:
    """Draws the distance of the decoded goal from the true one by step of the trial, beside that of the mean goal."""
    figure = _figure(1.7, MEMORY_CAPTION, _EPISODES)
    axes, steps = figure.subplots(), explanation.moments
    for episode in range(1, explanation.episodes + 1):
        axes.axvline(episode * explanation.horizon, color=LIGHT, linewidth=0.6)
    labels = []
    for name in explanation.errors:
        text, look = _SERIES[name]
        mean, low, high = (
            np.array([values[key] for values in explanation.intervals(name)]) for key in ("mean", "low", "high")
        )
        axes.fill_between(steps, low, high, color=look.colour, alpha=0.2, linewidth=0)
        axes.plot(steps, mean, color=look.colour, marker=look.marker, markersize=2, clip_on=False)
        if name != WITHOUT_REWARDS:  # its tasks are those of another line
            axes.axhline(float(explanation.constant[name].mean()), color=look.colour, linewidth=0.8, linestyle=":")
        labels.append(Label(text, steps[-1], float(mean[-1]), look.colour))
    axes.set_xlim(0, steps[-1])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("steps of the trial")
    axes.set_ylabel("distance to the goal")
    label_ends(axes, labels)
    return figure


def _figure(height: float, *sentences: str) -> Figure:
    """An empty figure: panels of that height in inches, and sentences below them."""
    figure = Figure(figsize=(COLUMN, height + _AROUND), layout="constrained")
    caption(figure, *sentences)
    return figure


def _heights(values: torch.Tensor, bins: np.ndarray) -> np.ndarray:
    """The number of values in each bin, relative to the fullest bin."""
    counts, _ = np.histogram(values[~values.isnan()].numpy(), bins)
    return counts / max(counts.max(), 1)


def _power_of_ten_above(size: float) -> float:
    return 10.0 ** math.ceil(math.log10(size)) if size > 0 else 1.0


def _strips(axes: Axes, values: ByLayer, colour: str, offset: float = 0) -> None:
    """Draws a row of dots for each layer, and a bar at their median. The first layer is on top."""
    # Dots are pixels in an SVG too: thousands of vector dots would make it too large.
    dots = {"color": colour, "markersize": 2, "alpha": 0.4, "markeredgewidth": 0, "rasterized": True}
    layers = list(values)[::-1]
    for row, layer in enumerate(layers):
        numbers = values[layer][~values[layer].isnan()].numpy()
        jitter = (np.arange(len(numbers)) * _GOLDEN) % 1 - 0.5
        axes.plot(numbers, row + offset + 0.3 * jitter, "o", **dots)
        if len(numbers):
            axes.plot(np.median(numbers), row + offset, "|", color=ORANGE, markersize=8, markeredgewidth=1.5)
    axes.set_yticks(range(len(layers)), layers)
    axes.set_ylim(-0.5, len(layers) - 0.5)
