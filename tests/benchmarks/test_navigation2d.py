from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from mlrun.benchmarks.navigation2d import Navigation2D, NavigationWorlds
from mlrun.benchmarks.task import Task
from mlrun.learner import AdaptedLearner, expand_to_tasks
from mlrun.problems.reinforcement_learning import ReinforcementLearning
from mlrun.randomness import RandomKey
from mlrun.rl.policy import GaussianMLPPolicy


def test_task_lists_are_repeatable_and_share_nothing() -> None:
    config: Any = SimpleNamespace(name="navigation2d", seed=3, horizon=10, evaluation_tasks=40)
    navigation, again = Navigation2D.from_config(config), Navigation2D.from_config(config)
    other = Navigation2D(seed=4)
    assert (navigation.train_tasks, navigation.test_tasks) == (again.train_tasks, again.test_tasks)
    assert [(t.index, t.split) for t in navigation.test_tasks] == [(index, "test") for index in range(40)]
    drawn = navigation.draw_tasks(40, np.random.default_rng(0))
    lists = [navigation.train_tasks, navigation.test_tasks, other.train_tasks, other.test_tasks, drawn]
    goals = [task.parameters for tasks in lists for task in tasks]
    assert len(set(goals)) == len(goals)


def test_goals_fill_the_square() -> None:
    goals = np.array([task.parameters for task in Navigation2D().draw_tasks(2000, np.random.default_rng(0))])
    assert goals.shape == (2000, 2)
    assert np.all(np.abs(goals) <= 0.5)
    assert np.all(np.abs(goals).max(0) > 0.49)
    np.testing.assert_allclose(goals.mean(0), 0, atol=0.03)


def test_points_move_by_the_clipped_action_from_the_origin() -> None:
    environment = NavigationWorlds(2, horizon=3)
    goals = torch.tensor([[0.3, 0.4], [0.155, -0.1]], dtype=torch.float64)
    assert torch.equal(environment.reset(goals), torch.zeros(2, 2, dtype=torch.float64))
    first = environment.step(torch.tensor([[0.0, 0.0], [7.0, -0.5]]))
    assert first.reward.tolist() == pytest.approx([-0.5, -math.hypot(0.055, 0.05)])
    assert first.observation.dtype == first.reward.dtype == torch.float64
    second = environment.step(torch.tensor([[1.0, -math.inf], [0.5, -0.5]]))
    torch.testing.assert_close(second.observation[0], torch.tensor([0.1, -0.1]).double(), rtol=0, atol=1e-8)
    assert second.reward.tolist() == pytest.approx([-math.hypot(0.2, 0.5), -0.005], abs=1e-8)
    assert second.success.tolist() == [False, True]
    assert torch.equal(first.observation[0], torch.zeros(2).double())
    assert torch.equal(environment.reset(goals), torch.zeros(2, 2, dtype=torch.float64))


def test_a_point_moves_as_it_does_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    goals = torch.rand(5, 2, generator=generator, dtype=torch.float64) - 0.5
    actions = 0.1 * torch.randn(20, 5, 2, generator=generator)
    together, alone = NavigationWorlds(5, 20), NavigationWorlds(1, 20)
    together.reset(goals)
    alone.reset(goals[3:4])
    for action in actions:
        ours, theirs = together.step(action), alone.step(action[3:4])
        assert torch.equal(ours.observation[3:4], theirs.observation)
        assert torch.equal(ours.reward[3:4], theirs.reward)


def test_policies_are_compared_by_their_return() -> None:
    """To come within 0.01 of a goal by steps of up to 0.1 is luck."""
    assert Navigation2D().ranked_by == ("return",)


def test_reference_scores_are_those_of_the_distances() -> None:
    navigation = Navigation2D(horizon=8)
    tasks = [Task(0, "test", (0.3, 0.4)), Task(1, "test", (0.0, -0.05)), Task(2, "test", (0.0, 0.0))]
    scores = navigation.reference_scores(tasks)
    still, straight = scores["standing still"], scores["straight to the goal"]
    assert still == pytest.approx({"return": -8 * 0.55 / 3, "success_any": 1 / 3, "success_last": 1 / 3})
    assert straight == pytest.approx({"return": -(0.375 + 0.25 + 0.125) / 3, "success_any": 1.0, "success_last": 1.0})


def test_policies_act_in_it_and_one_that_is_not_finite_is_refused(key: RandomKey) -> None:
    navigation = Navigation2D(horizon=5, evaluation_tasks=3)
    policy = GaussianMLPPolicy(2, 2, (4,), initial_std=0.1, min_std=1e-6)
    problem = ReinforcementLearning(navigation, policy, episodes_per_task=2, discount=0.99, gae_lambda=1.0)
    theta = problem.initial_parameters(key)
    data = problem.collect(AdaptedLearner(expand_to_tasks(theta, 3)), navigation.train_tasks, key)
    assert data.observations.shape == (3, 10, 2)
    for value in (math.nan, math.inf):
        broken = {**theta, "mean.1.bias": torch.full((2,), value)}
        with pytest.raises(FloatingPointError, match="action"):
            problem.evaluate(AdaptedLearner(expand_to_tasks(broken, 3)), navigation.test_tasks, key)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"horizon": 0}, "horizon must be at least 1"), ({"evaluation_tasks": 0}, "evaluation_tasks must be at least 1")],
)
def test_what_would_be_empty_is_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Navigation2D(**options)


def test_shapes_and_precision_are_checked() -> None:
    with pytest.raises(ValueError, match="number of worlds"):
        NavigationWorlds(0, 5)
    environment = NavigationWorlds(2, 5)
    with pytest.raises(ValueError, match="float64"):
        environment.reset(torch.zeros(2, 2))
    with pytest.raises(ValueError, match="actions must be"):
        environment.step(torch.zeros(2, 3))
