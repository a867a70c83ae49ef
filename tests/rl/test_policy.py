from __future__ import annotations

import torch
from torch.distributions import Independent, Normal, kl_divergence

from mlrun.learner import expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.policy import DiagonalGaussian, GaussianMLPPolicy


def random_gaussian(generator: torch.Generator) -> DiagonalGaussian:
    mean = torch.randn(2, 7, 4, generator=generator, dtype=torch.float64)
    std = torch.rand(2, 1, 4, generator=generator, dtype=torch.float64) + 0.3
    return DiagonalGaussian(mean, std)


def as_torch(gaussian: DiagonalGaussian) -> Independent:
    return Independent(Normal(gaussian.mean, gaussian.std.expand_as(gaussian.mean)), 1)


def test_log_prob_is_summed_over_action_components(key: RandomKey) -> None:
    generator = key.generator()
    gaussian = random_gaussian(generator)
    actions = torch.randn(2, 7, 4, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(gaussian.log_prob(actions), as_torch(gaussian).log_prob(actions), rtol=1e-12, atol=0)


def test_kl_is_from_the_reference_and_summed_over_action_components(key: RandomKey) -> None:
    generator = key.generator()
    old, new = random_gaussian(generator), random_gaussian(generator)
    expected = kl_divergence(as_torch(old), as_torch(new))
    torch.testing.assert_close(new.kl_from(old), expected, rtol=1e-10, atol=0)
    assert not torch.allclose(new.kl_from(old), kl_divergence(as_torch(new), as_torch(old)))


def test_every_task_uses_its_own_weights(policy: GaussianMLPPolicy, theta: Parameters, key: RandomKey) -> None:
    scales = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)
    batched = {name: torch.stack([scale * tensor for scale in scales]) for name, tensor in theta.items()}
    observations = torch.randn(3, 5, 3, generator=key.generator(), dtype=torch.float64)
    together = policy(batched, observations)
    for slot, scale in enumerate(scales):
        alone = {name: scale * tensor for name, tensor in theta.items()}
        features = observations[slot]
        for layer in range(3):
            features = features @ alone[f"mean.{layer}.weight"] + alone[f"mean.{layer}.bias"]
            features = features.tanh() if layer < 2 else features
        torch.testing.assert_close(together.mean[slot], features, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(together.std[slot, 0], 0.1 + alone["log_std"].exp(), rtol=1e-12, atol=0)


def test_a_standard_deviation_near_its_lower_bound_has_a_gradient(policy: GaussianMLPPolicy, theta: Parameters) -> None:
    log_std = torch.full((1, 2), -8.0, dtype=torch.float64, requires_grad=True)
    parameters = {**expand_to_tasks(theta, 1), "log_std": log_std}
    std = policy(parameters, torch.zeros(1, 1, 3, dtype=torch.float64)).std
    assert (std > policy.min_std).all()
    (gradient,) = torch.autograd.grad(std.sum(), log_std)
    assert (gradient > 0).all()


def test_it_starts_at_the_initial_standard_deviation(policy: GaussianMLPPolicy, key: RandomKey) -> None:
    parameters = expand_to_tasks(policy.initial_parameters(key), 1)
    std = policy(parameters, torch.zeros(1, 1, 3)).std
    torch.testing.assert_close(std, torch.full_like(std, policy.initial_std))


def test_scaled_inputs_leave_the_hidden_units_at_rest_at_the_center(key: RandomKey) -> None:
    center = torch.tensor([0.3, -2.0, 5.0], dtype=torch.float64)
    shift = torch.tensor([0.1, 0.0, -0.2], dtype=torch.float64)
    for scale in (1.0, 7.0):
        policy = GaussianMLPPolicy(3, 2, hidden_sizes=(4,), initial_std=1.0, min_std=0.1, input_scale=scale)
        weights = policy.initial_parameters(key, center, torch.float64)
        hidden = torch.stack((center, center + shift)) @ weights["mean.0.weight"] + weights["mean.0.bias"]
        unscaled = GaussianMLPPolicy(3, 2, (4,), 1.0, 0.1).initial_parameters(key, dtype=torch.float64)
        expected = torch.stack((torch.zeros(4).double(), scale * shift @ unscaled["mean.0.weight"]))
        torch.testing.assert_close(hidden, expected, rtol=1e-12, atol=1e-12)
