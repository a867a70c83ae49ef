from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from mlrun.benchmarks.sinusoid import Sinusoid
from mlrun.benchmarks.task import Task
from mlrun.randomness import RandomKey


def test_task_lists_are_repeatable_and_share_nothing() -> None:
    config: Any = SimpleNamespace(name="sinusoid", seed=3, evaluation_tasks=40)
    sinusoid, again, other = Sinusoid.from_config(config), Sinusoid.from_config(config), Sinusoid(seed=4)
    assert (sinusoid.train_tasks, sinusoid.test_tasks) == (again.train_tasks, again.test_tasks)
    assert [(t.index, t.split) for t in sinusoid.test_tasks] == [(index, "test") for index in range(40)]
    drawn = sinusoid.draw_tasks(40, np.random.default_rng(0))
    lists = [sinusoid.train_tasks, sinusoid.test_tasks, other.train_tasks, other.test_tasks, drawn]
    parameters = [task.parameters for tasks in lists for task in tasks]
    assert len(set(parameters)) == len(parameters)


def test_longer_lists_begin_with_the_shorter_ones() -> None:
    assert Sinusoid(evaluation_tasks=20).test_tasks[:5] == Sinusoid(evaluation_tasks=5).test_tasks


def test_amplitudes_and_phases_fill_their_ranges() -> None:
    tasks = Sinusoid().draw_tasks(2000, np.random.default_rng(0))
    assert tasks == Sinusoid().draw_tasks(2000, np.random.default_rng(0))
    amplitude, phase = np.array([task.parameters for task in tasks]).T
    for values, low, high in [(amplitude, 0.1, 5.0), (phase, 0.0, math.pi)]:
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, rel=0.05)


def test_inputs_are_uniform_and_the_slot_s_own(key: RandomKey) -> None:
    sinusoid = Sinusoid()
    inputs = sinusoid.draw_inputs(3, 1000, key)
    assert inputs.shape == (3, 1000, 1)
    assert inputs.dtype == torch.float32
    assert torch.equal(inputs[:2], sinusoid.draw_inputs(2, 1000, key))
    assert -5 <= inputs.min() < -4.9
    assert 4.9 < inputs.max() <= 5
    assert float(inputs.mean()) == pytest.approx(0, abs=0.2)
    assert (inputs[0] != inputs[1]).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_targets_are_the_task_s_sine(dtype: torch.dtype) -> None:
    tasks = [Task(0, "test", (2.0, 0.5)), Task(1, "test", (0.1, 3.0))]
    inputs = torch.tensor([[[0.5], [1.5]], [[-4.0], [3.0]]], dtype=dtype)
    targets = Sinusoid().targets(tasks, inputs)
    expected = [[[0.0], [2 * math.sin(1)]], [[0.1 * math.sin(-7)], [0.0]]]
    torch.testing.assert_close(targets, torch.tensor(expected, dtype=dtype))
    assert torch.equal(inputs, torch.tensor([[[0.5], [1.5]], [[-4.0], [3.0]]], dtype=dtype))


def test_the_evaluation_grid_is_even_and_integrates_well() -> None:
    grid = Sinusoid().evaluation_inputs()
    assert grid.shape == (100, 1)
    torch.testing.assert_close(grid.diff(dim=0), torch.full((99, 1), 0.1))
    torch.testing.assert_close(grid, -grid.flip(0))
    assert float(grid.cos().square().mean()) == pytest.approx(0.5 + math.sin(10) / 20, abs=1e-4)


def test_reference_scores_are_what_the_distribution_gives() -> None:
    """E[A²] / 2 for zero; the mean function, which is the mean, explains (2/π E[A])² E[cos² x] of it."""
    sinusoid = Sinusoid()
    tasks = [
        Task(0, "test", (amplitude, phase))
        for amplitude in 0.1 + 4.9 * (np.arange(100) + 0.5) / 100
        for phase in (np.arange(100) + 0.5) / 100 * math.pi
    ]
    scores = sinusoid.reference_scores(tasks)
    zero = (5**3 - 0.1**3) / (3 * 4.9) / 2
    cosine = 0.5 + math.sin(10) / 20
    assert scores["zero"]["mse"] == pytest.approx(zero, rel=1e-3)
    assert scores["mean function"]["mse"] == pytest.approx(zero - (2 / math.pi * 2.55) ** 2 * cosine, rel=1e-3)
    targets = sinusoid.targets(tasks, sinusoid.evaluation_inputs().double().expand(len(tasks), -1, -1))
    torch.testing.assert_close(
        targets.mean(0), -2 / math.pi * 2.55 * sinusoid.evaluation_inputs().double().cos(), rtol=1e-4, atol=0
    )


def test_no_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match="evaluation_tasks must be at least 1, not 0"):
        Sinusoid(evaluation_tasks=0)
