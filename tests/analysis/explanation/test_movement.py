from __future__ import annotations

import numpy as np
import pytest
import torch

from mlrun.analysis.explanation.movement import (
    between_tasks,
    cosine_matrix,
    distance,
    layer_vectors,
    mean_with_others,
    neighbours_by_similarity,
    paired_cosines,
    relative_distance,
)
from mlrun.randomness import RandomKey

TASKS = 5


@pytest.fixture
def directions(key: RandomKey) -> torch.Tensor:
    return torch.randn(TASKS, 7, generator=key.generator(), dtype=torch.float64)


def test_a_distance_is_of_the_weights_and_biases_of_a_layer_together() -> None:
    layers = {"hidden 1": ["0.weight", "0.bias"], "head": ["1.weight"]}
    before = {"0.weight": torch.tensor([[[3.0, 0.0]], [[0.0, 0.0]]]), "0.bias": torch.tensor([[4.0], [0.0]])}
    after = {name: tensor + 1 for name, tensor in before.items()}
    start, end = layer_vectors(before, layers), layer_vectors(after, layers)
    assert list(start) == ["hidden 1"]
    expected = torch.full((2,), 3.0, dtype=torch.float64).sqrt()
    torch.testing.assert_close(distance(start["hidden 1"], end["hidden 1"]), expected)
    relative = relative_distance(start["hidden 1"], end["hidden 1"])
    torch.testing.assert_close(relative[0], expected[0] / 5)
    assert relative[1].isnan()


def test_cosines_equal_numpy_s(directions: torch.Tensor) -> None:
    matrix = cosine_matrix(directions)
    rows = directions.numpy()
    expected = [[np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b) for b in rows] for a in rows]
    np.testing.assert_allclose(matrix.numpy(), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(matrix.numpy(), matrix.T.numpy(), atol=1e-15)
    np.testing.assert_allclose(matrix.diagonal().numpy(), 1, atol=1e-15)
    np.testing.assert_allclose(paired_cosines(directions, directions.roll(1, 0)), matrix.roll(1, 1).diagonal())


def test_pairs_are_counted_once_and_none_is_of_a_task_with_itself(directions: torch.Tensor) -> None:
    matrix = cosine_matrix(directions)
    pairs = between_tasks(matrix)
    assert len(pairs) == TASKS * (TASKS - 1) / 2
    assert float(pairs.max()) < 0.999
    assert float(pairs.mean()) == pytest.approx(float(mean_with_others(matrix).mean()))


def test_a_task_that_does_not_move_has_no_direction(directions: torch.Tensor) -> None:
    directions[2] = 0
    matrix = cosine_matrix(directions)
    assert matrix[2].isnan().all()
    assert matrix.isnan().sum() == 2 * TASKS - 1
    assert mean_with_others(matrix).isnan().tolist() == [False, False, True, False, False]
    assert sorted(neighbours_by_similarity(matrix).tolist()) == list(range(TASKS))


def test_a_single_task_has_no_cosine_with_others() -> None:
    matrix = cosine_matrix(torch.ones(1, 3))
    assert len(between_tasks(matrix)) == 0
    assert mean_with_others(matrix).isnan().all()
    assert neighbours_by_similarity(matrix).tolist() == [0]


def test_goals_around_a_start_come_in_their_order_around_it(key: RandomKey) -> None:
    count = 12
    turn = torch.randperm(count, generator=key.generator())
    angles = 2 * torch.pi * turn / count
    order = neighbours_by_similarity(cosine_matrix(torch.stack([angles.cos(), angles.sin()], dim=1)))
    steps = turn[order].diff() % count
    assert steps.unique().tolist() in ([1], [count - 1])
