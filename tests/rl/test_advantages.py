from __future__ import annotations

import pytest
import torch

from mlrun.rl.advantages import Sharpening, discounted_returns, generalized_advantages, normalise_per_task

TASKS, STEPS, EPISODES = 2, 5, 3
DISCOUNT, GAE_LAMBDA = 0.9, 0.7


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def random(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def reference_advantages(
    rewards: torch.Tensor, values: torch.Tensor, final: torch.Tensor, ended: torch.Tensor
) -> torch.Tensor:
    """The definition: a sum over all later temporal differences."""
    advantages = torch.zeros_like(rewards)
    for task in range(TASKS):
        for episode in range(EPISODES):
            future = 0.0 if ended[task, episode] else final[task, episode]
            value = [*values[task, :, episode], future]
            errors = [rewards[task, t, episode] + DISCOUNT * value[t + 1] - value[t] for t in range(STEPS)]
            for t in range(STEPS):
                terms = [(DISCOUNT * GAE_LAMBDA) ** k * error for k, error in enumerate(errors[t:])]
                advantages[task, t, episode] = sum(terms)
    return advantages


def test_returns_equal_their_definition(generator: torch.Generator) -> None:
    rewards = random(generator, TASKS, STEPS, EPISODES)
    returns = discounted_returns(rewards, DISCOUNT)
    for step in range(STEPS):
        powers = DISCOUNT ** torch.arange(STEPS - step, dtype=torch.float64)
        expected = (rewards[:, step:] * powers.view(1, -1, 1)).sum(1)
        torch.testing.assert_close(returns[:, step], expected, rtol=1e-12, atol=1e-12)


def test_advantages_equal_their_definition(generator: torch.Generator) -> None:
    rewards, values = random(generator, TASKS, STEPS, EPISODES), random(generator, TASKS, STEPS, EPISODES)
    final = random(generator, TASKS, EPISODES)
    ended = torch.tensor([[True, False, True], [False, False, True]])
    advantages = generalized_advantages(rewards, values, final, ended, DISCOUNT, GAE_LAMBDA)
    torch.testing.assert_close(advantages, reference_advantages(rewards, values, final, ended))


def test_a_truncated_episode_has_a_future_and_a_terminated_one_has_none(generator: torch.Generator) -> None:
    rewards, values = random(generator, TASKS, STEPS, EPISODES), random(generator, TASKS, STEPS, EPISODES)
    final = torch.full((TASKS, EPISODES), 100.0, dtype=torch.float64)

    def last_advantages(terminated: bool) -> torch.Tensor:
        ended = torch.full((TASKS, EPISODES), terminated)
        return generalized_advantages(rewards, values, final, ended, DISCOUNT, GAE_LAMBDA)[:, -1]

    torch.testing.assert_close(last_advantages(True), rewards[:, -1] - values[:, -1])
    torch.testing.assert_close(last_advantages(False) - last_advantages(True), DISCOUNT * final)


def test_normalisation_is_per_task(generator: torch.Generator) -> None:
    advantages = random(generator, TASKS, STEPS, EPISODES) * torch.tensor([1.0, 50.0]).view(2, 1, 1) + 3
    normal = normalise_per_task(advantages)
    torch.testing.assert_close(normal.mean((1, 2)), torch.zeros(TASKS, dtype=torch.float64), atol=1e-12, rtol=0)
    torch.testing.assert_close(normal.square().mean((1, 2)), torch.ones(TASKS, dtype=torch.float64))


def test_equal_advantages_stay_finite() -> None:
    assert (normalise_per_task(torch.full((1, 4, 2), 3.0)) == 0).all()


class TestSharpening:
    def test_it_keeps_0_and_the_maximum_and_the_order(self) -> None:
        sharpen = Sharpening(maximum=10.0, offset=0.2)
        rewards = torch.linspace(-2, 10, 500, dtype=torch.float64)
        sharpened = sharpen(rewards)
        assert (sharpened.diff() > 0).all()
        torch.testing.assert_close(sharpen(torch.tensor([0.0, 10.0])), torch.tensor([0.0, 10.0]), rtol=0, atol=1e-5)

    def test_it_is_steepest_at_the_top(self) -> None:
        sharpen = Sharpening(maximum=10.0, offset=0.2)
        slopes = sharpen(torch.linspace(0, 10, 100, dtype=torch.float64)).diff()
        assert (slopes.diff() > 0).all()
        assert slopes[-1] > 20 * slopes[0]

    def test_more_than_the_maximum_is_the_maximum(self) -> None:
        assert Sharpening(2.0, 0.5)(torch.tensor([7.0])).item() == pytest.approx(2.0)
