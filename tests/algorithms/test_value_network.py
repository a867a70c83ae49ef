from __future__ import annotations

import dataclasses

import pytest
import torch

from mlrun.algorithms.value_network import ValueNetwork
from mlrun.config.algorithms import MinibatchConfig
from mlrun.networks import MLP
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.task_group import TaskGroup

MODEL = MLP((2, 16, 1), "tanh")


def outputs(parameters: Parameters, inputs: torch.Tensor) -> torch.Tensor:
    return MODEL.shared({name: tensor.unsqueeze(0) for name, tensor in parameters.items()}, inputs)[..., 0]


def network(key: RandomKey, **options: float) -> ValueNetwork:
    value = ValueNetwork(MinibatchConfig(**{"epochs": 60, "minibatches": 1, "learning_rate": 0.01, **options}))
    value.initialise(MODEL.initial_parameters(key.generator()), MODEL.head)
    return value


def learn(value: ValueNetwork, inputs: torch.Tensor, targets: torch.Tensor, key: RandomKey) -> dict[str, float]:
    flat = inputs.flatten(0, -2)
    return value.learn(targets, torch.flatten, lambda p, chosen: outputs(p, flat[chosen]), key, TaskGroup())


@pytest.fixture
def inputs(key: RandomKey) -> torch.Tensor:
    return torch.randn(4, 50, 2, generator=key.generator())


def test_before_it_learns_all_values_are_0(key: RandomKey, inputs: torch.Tensor) -> None:
    value = network(key)
    assert not value.values(outputs(value.parameters, inputs)).any()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_it_learns_targets_of_any_size(scale: float, key: RandomKey, inputs: torch.Tensor) -> None:
    value, targets = network(key), scale * (5 + inputs.sum(-1))
    learn(value, inputs, targets, key)
    errors = value.values(outputs(value.parameters, inputs)) - targets
    assert errors.square().mean() < 0.05 * targets.var()


def test_a_new_unit_leaves_the_values_as_they_are(key: RandomKey, inputs: torch.Tensor) -> None:
    value = network(key)
    learn(value, inputs, inputs.sum(-1), key)
    before = value.values(outputs(value.parameters, inputs))
    value._follow(1000 + 300 * inputs.sum(-1), TaskGroup())
    assert value.mean == pytest.approx(100, rel=0.2)
    assert value.deviation == pytest.approx(40, rel=0.5)
    torch.testing.assert_close(value.values(outputs(value.parameters, inputs)), before, rtol=1e-4, atol=1e-4)


def test_equal_targets_stay_finite(key: RandomKey, inputs: torch.Tensor) -> None:
    value = network(key)
    for _ in range(2):
        learn(value, inputs, torch.full((4, 50), 3.0), key)
    values = value.values(outputs(value.parameters, inputs))
    torch.testing.assert_close(values, torch.full((4, 50), 3.0), rtol=1e-3, atol=1e-3)


def test_the_step_size_decays_with_the_iterations(key: RandomKey, inputs: torch.Tensor) -> None:
    """The length of Adam's first step is proportional to the step size."""
    steps = []
    for iteration in (1, 6, 11, 20):
        value = network(key, epochs=1, decay_iterations=10)
        before = value.parameters
        learn(value, inputs, inputs.sum(-1), dataclasses.replace(key, iteration=iteration))
        steps.append(float((value.parameters["1.bias"] - before["1.bias"]).abs().max()))
    assert steps[0] > 0
    assert steps == pytest.approx([steps[0], steps[0] / 2, 0.0, 0.0], rel=1e-4)
