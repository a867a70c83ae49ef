from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from mlrun.networks import MLP, Activation
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.policy import GaussianMLPPolicy

SIZES = (3, 5, 4, 2)


@pytest.fixture(params=["tanh", "relu"])
def network(request: pytest.FixtureRequest) -> MLP:
    return MLP(SIZES, request.param)


def task_parameters(network: MLP, key: RandomKey, tasks: int = 3) -> Parameters:
    """Different parameters for every task, none of them zero."""
    generator = key.generator()
    fresh = network.initial_parameters(generator, torch.float64)
    return {n: t + 0.3 * torch.randn(tasks, *t.shape, generator=generator, dtype=t.dtype) for n, t in fresh.items()}


def reference(parameters: Parameters, inputs: torch.Tensor, activation: Activation, task: int) -> torch.Tensor:
    features = inputs[task]
    for layer in range(3):
        features = features @ parameters[f"{layer}.weight"][task] + parameters[f"{layer}.bias"][task]
        if layer < 2:
            features = features.tanh() if activation == "tanh" else features.clamp_min(0)
    return features


def test_every_task_uses_its_own_weights(network: MLP, key: RandomKey) -> None:
    parameters = task_parameters(network, key)
    inputs = torch.randn(3, 7, 3, generator=key.generator(1), dtype=torch.float64)
    outputs = network(parameters, inputs)
    for task in range(3):
        expected = reference(parameters, inputs, network.activation, task)
        torch.testing.assert_close(outputs[task], expected, rtol=1e-12, atol=1e-12)


def test_representations_are_what_each_layer_computes(network: MLP, key: RandomKey) -> None:
    parameters = task_parameters(network, key)
    inputs = torch.randn(3, 7, 3, generator=key.generator(1), dtype=torch.float64)
    computed = network.representations(parameters, inputs)
    assert list(computed) == list(network.layers) == ["hidden 1", "hidden 2", "head"]
    features = inputs
    for layer, (weight, bias) in network.layers.items():
        features = torch.einsum("tsi,tio->tso", features, parameters[weight]) + parameters[bias][:, None]
        if layer != "head":
            features = features.tanh() if network.activation == "tanh" else features.relu()
        torch.testing.assert_close(computed[layer], features, rtol=1e-12, atol=1e-12)
    assert torch.equal(computed["head"], network(parameters, inputs))


def test_first_and_second_derivatives_equal_finite_differences(network: MLP, key: RandomKey) -> None:
    parameters = {name: tensor.requires_grad_() for name, tensor in task_parameters(network, key, tasks=2).items()}
    inputs = torch.randn(2, 4, 3, generator=key.generator(1), dtype=torch.float64)

    def outputs(*tensors: torch.Tensor) -> torch.Tensor:
        return network(dict(zip(parameters, tensors, strict=True)), inputs)

    assert torch.autograd.gradcheck(outputs, tuple(parameters.values()))
    assert torch.autograd.gradgradcheck(outputs, tuple(parameters.values()))


def test_weights_start_xavier_uniform_and_biases_at_zero(key: RandomKey) -> None:
    fresh = MLP((30, 50, 20), "relu").initial_parameters(key.generator())
    for layer, (fan_in, fan_out) in enumerate([(30, 50), (50, 20)]):
        bound = math.sqrt(6 / (fan_in + fan_out))
        weight = fresh[f"{layer}.weight"]
        assert weight.shape == (fan_in, fan_out)
        assert 0.99 * bound < weight.abs().max() <= bound
        assert float(weight.mean()) == pytest.approx(0, abs=0.05 * bound)
        assert not fresh[f"{layer}.bias"].any()


def test_the_head_is_the_last_layer(network: MLP, key: RandomKey) -> None:
    named = replace(network, prefix="net.")
    names = list(named.initial_parameters(key.generator()))
    assert set(names[-2:]) == set(named.head) == {"net.2.weight", "net.2.bias"}


def test_a_policy_s_head_has_its_standard_deviation(key: RandomKey) -> None:
    policy = GaussianMLPPolicy(3, 2, hidden_sizes=(5, 4), initial_std=0.8, min_std=0.1)
    fresh = policy.initial_parameters(key)
    assert set(policy.head) == {"mean.2.weight", "mean.2.bias", "log_std"} < set(fresh)
    assert [name for names in policy.layers.values() for name in names] == list(fresh)


def test_a_policy_s_initial_numbers_are_drawn_layer_by_layer(key: RandomKey) -> None:
    """A seed must keep giving the same weights, so the order of the draws must not change."""
    policy = GaussianMLPPolicy(3, 2, hidden_sizes=(5, 4), initial_std=0.8, min_std=0.1, input_scale=3.0)
    generator = key.generator()
    expected: Parameters = {}
    for layer, (fan_in, fan_out) in enumerate([(3, 5), (5, 4), (4, 2)]):
        bound = math.sqrt(6 / (fan_in + fan_out))
        expected[f"mean.{layer}.weight"] = torch.rand(fan_in, fan_out, generator=generator) * (2 * bound) - bound
        expected[f"mean.{layer}.bias"] = torch.zeros(fan_out)
    expected["mean.0.weight"] *= 3.0
    expected["log_std"] = torch.full((2,), math.log(0.7))
    fresh = policy.initial_parameters(key)
    assert list(fresh) == list(expected)
    for name, tensor in expected.items():
        assert torch.allclose(fresh[name], tensor, rtol=1e-6, atol=1e-7), name
