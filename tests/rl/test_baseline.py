from __future__ import annotations

import numpy as np
import pytest
import torch

from mlrun.rl.baseline import LinearFeatureBaseline

TASKS, STEPS, EPISODES, FEATURES = 3, 12, 4, 2


@pytest.fixture
def observations() -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return 6 * torch.randn(TASKS, STEPS, EPISODES, FEATURES, generator=generator, dtype=torch.float64)


@pytest.fixture
def returns() -> torch.Tensor:
    return torch.randn(TASKS, STEPS, EPISODES, generator=torch.Generator().manual_seed(6), dtype=torch.float64)


def reference_values(observations: torch.Tensor, returns: torch.Tensor) -> np.ndarray:
    """The normal equations of one task in numpy, with ridge 1e-5. Time starts at 0 in every episode."""
    rows, targets = [], []
    for episode in range(EPISODES):
        for step in range(STEPS):
            seen = np.clip(observations[step, episode].numpy(), -10, 10)
            time = step / 100
            rows.append(np.concatenate([seen, seen**2, [time, time**2, time**3, 1.0]]))
            targets.append(float(returns[step, episode]))
    features = np.array(rows)
    gram = features.T @ features + 1e-5 * np.eye(features.shape[1])
    weights = np.linalg.solve(gram, features.T @ np.array(targets))
    return (features @ weights).reshape(EPISODES, STEPS).T


def test_each_task_gets_its_own_least_squares_fit(observations: torch.Tensor, returns: torch.Tensor) -> None:
    values = LinearFeatureBaseline.fit(observations, returns).predict(observations)
    for task in range(TASKS):
        np.testing.assert_allclose(values[task], reference_values(observations[task], returns[task]), atol=1e-9)


def test_the_ridge_cannot_be_mistaken_for_another_argument(observations: torch.Tensor, returns: torch.Tensor) -> None:
    with pytest.raises(TypeError):
        LinearFeatureBaseline.fit(observations, returns, 4.0)  # pyright: ignore[reportCallIssue]


def test_time_counts_within_an_episode(returns: torch.Tensor) -> None:
    blind = torch.zeros(TASKS, STEPS, EPISODES, FEATURES, dtype=torch.float64)
    ramp = torch.linspace(5, 0, STEPS, dtype=torch.float64).view(1, STEPS, 1).expand_as(returns)
    values = LinearFeatureBaseline.fit(blind, ramp).predict(blind)
    torch.testing.assert_close(values, ramp, atol=1e-2, rtol=0)


def test_the_observation_after_the_last_step_is_at_the_next_time(returns: torch.Tensor) -> None:
    blind = torch.zeros(TASKS, STEPS, EPISODES, FEATURES, dtype=torch.float64)
    ramp = torch.linspace(STEPS, 1, STEPS, dtype=torch.float64).view(1, STEPS, 1).expand_as(returns)
    final = LinearFeatureBaseline.fit(blind, ramp).predict(blind[:, :1], first_step=STEPS)
    torch.testing.assert_close(final, torch.zeros_like(final), atol=0.05, rtol=0)


def test_outliers_are_clipped(observations: torch.Tensor, returns: torch.Tensor) -> None:
    baseline = LinearFeatureBaseline.fit(observations, returns)
    far, edge = torch.full_like(observations, 1e6), torch.full_like(observations, 10.0)
    torch.testing.assert_close(baseline.predict(far), baseline.predict(edge))


def test_a_singular_task_gets_a_larger_ridge_and_leaves_the_others_alone(
    observations: torch.Tensor, returns: torch.Tensor
) -> None:
    constant = observations.clone()
    constant[1] = 10.0
    values = LinearFeatureBaseline.fit(constant, 1e6 + returns, ridge=1e-30).predict(constant)
    assert values.isfinite().all()
    alone = LinearFeatureBaseline.fit(constant[:1], 1e6 + returns[:1], ridge=1e-30).predict(constant[:1])
    torch.testing.assert_close(values[:1], alone)


def test_a_return_that_is_not_finite_is_an_error(observations: torch.Tensor, returns: torch.Tensor) -> None:
    returns[0, 3, 1] = float("nan")
    with pytest.raises(FloatingPointError, match="not finite"):
        LinearFeatureBaseline.fit(observations, returns)
