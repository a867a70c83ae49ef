from __future__ import annotations

import io
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mlrun.analysis.explanation.explain import Explanation
from mlrun.analysis.explanation.figures import draw_agreement, draw_movement, draw_rates, figures
from mlrun.analysis.explanation.movement import cosine_matrix, neighbours_by_similarity, paired_cosines
from mlrun.analysis.plots.writing import write
from mlrun.randomness import RandomKey
from mlrun.training.evaluation import Adaptation

LAYERS = ("hidden 1", "hidden 2", "head", "log_std")


@pytest.fixture(params=["all move", "the head moves", "one task"])
def explanation(request: pytest.FixtureRequest, key: RandomKey) -> Explanation:
    generator, tasks = key.generator(), 1 if request.param == "one task" else 50
    values = {layer: torch.rand(tasks, generator=generator, dtype=torch.float64) for layer in LAYERS}
    directions = {layer: torch.randn(tasks, 3, generator=generator, dtype=torch.float64) for layer in ("all", *LAYERS)}
    if request.param == "the head moves":
        values["hidden 1"][:], directions["hidden 1"][:] = 0, 0
    network = {layer: values[layer] for layer in LAYERS[:3]}
    rates = {layer: torch.randn(200, generator=generator, dtype=torch.float64) for layer in LAYERS}
    return Explanation(
        adaptation=cast(Adaptation, None),
        sizes=dict.fromkeys(LAYERS, 3),
        distance=values,
        relative_distance=values,
        samples=7,
        similarity=network,
        change=network,
        shift=network,
        rates=rates,
        initial_rates={layer: torch.full((200,), 0.005, dtype=torch.float64) for layer in LAYERS},
        cosines={layer: cosine_matrix(direction) for layer, direction in directions.items()},
        same_task={layer: paired_cosines(direction, direction + 0.1) for layer, direction in directions.items()},
    )


def test_nothing_is_cut_off(explanation: Explanation) -> None:
    for name, figure in figures(explanation):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        used, (width, height) = figure.get_tightbbox(canvas.get_renderer()), figure.get_size_inches()
        assert min(used.x0, used.y0) > -0.01, name
        assert used.x1 < width + 0.01, name
        assert used.y1 < height + 0.01, name


def test_every_task_and_every_rate_is_a_dot(explanation: Explanation) -> None:
    for figure, drawn in (
        (draw_movement(explanation), [explanation.relative_distance]),
        (draw_rates(explanation), [explanation.initial_rates, explanation.rates]),
    ):
        dots = [np.sort(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() == "o"]
        expected = [values.sort().values for layers in drawn for values in list(layers.values())[::-1]]
        for shown, values in zip(dots, expected, strict=True):
            np.testing.assert_array_equal(shown, values.numpy())


def test_the_matrix_has_every_pair(explanation: Explanation) -> None:
    [image] = draw_agreement(explanation).axes[0].images
    shown = cast(np.ndarray, image.get_array())
    np.testing.assert_array_equal(np.sort(shown, axis=None), explanation.cosines["all"].flatten().sort().values)
    np.testing.assert_allclose(shown.diagonal(), 1)


def test_the_matrix_of_many_tasks_shows_means_of_pairs_and_stays_small(key: RandomKey) -> None:
    directions = torch.randn(499, 6, generator=key.generator(), dtype=torch.float64)
    cosines = cosine_matrix(directions)
    many = SimpleNamespace(cosines={"all": cosines}, same_task={"all": paired_cosines(directions, directions + 0.1)})
    figure = draw_agreement(cast(Explanation, many))
    [image] = figure.axes[0].images
    shown, order = cast(np.ndarray, image.get_array()), neighbours_by_similarity(cosines)
    of_pairs = cosines[order][:, order].numpy()
    assert shown.shape == (250, 250)
    np.testing.assert_allclose(shown[3, 5], of_pairs[6:8, 10:12].mean())
    np.testing.assert_allclose(shown[-1, 0], of_pairs[-1, :2].mean())
    assert "means of 2 by 2 pairs" in " ".join(figure.get_supxlabel().split())
    file = io.BytesIO()
    write(figure, file, "svg")
    assert len(file.getvalue()) < 500_000
