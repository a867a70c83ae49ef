from __future__ import annotations

import pytest
import torch

from mlrun.benchmarks.sinusoid import Sinusoid
from mlrun.learner import AdaptedLearner, expand_to_tasks
from mlrun.networks import MLP
from mlrun.parameters import Parameters
from mlrun.problems.supervised_learning import Examples, SupervisedLearning
from mlrun.randomness import RandomKey

TASKS = 3


@pytest.fixture
def problem() -> SupervisedLearning:
    return SupervisedLearning(Sinusoid(evaluation_tasks=10), MLP((1, 6, 5, 1), "relu"), shots=4)


@pytest.fixture
def parameters(problem: SupervisedLearning, key: RandomKey) -> Parameters:
    """Other parameters for every task, in float64."""
    generator = key.child("parameters").generator()
    fresh = problem.network.initial_parameters(generator, torch.float64)
    return {n: t + 0.2 * torch.randn(TASKS, *t.shape, generator=generator, dtype=t.dtype) for n, t in fresh.items()}


@pytest.fixture
def data(problem: SupervisedLearning, parameters: Parameters, key: RandomKey) -> Examples:
    return problem.collect(AdaptedLearner(parameters), problem.benchmark.train_tasks[:TASKS], key)


def test_examples_lie_on_each_tasks_own_function(problem: SupervisedLearning, data: Examples) -> None:
    tasks = problem.benchmark.train_tasks[:TASKS]
    assert data.inputs.shape == data.targets.shape == (TASKS, 4, 1)
    assert data.inputs.dtype == data.targets.dtype == torch.float64
    for slot, task in enumerate(tasks):
        amplitude, phase = task.parameters
        torch.testing.assert_close(data.targets[slot], amplitude * (data.inputs[slot] - phase).sin())


def test_the_loss_is_each_tasks_mean_squared_error(
    problem: SupervisedLearning, parameters: Parameters, data: Examples
) -> None:
    losses = problem.inner_loss(parameters, data)
    for slot in range(TASKS):
        alone = {name: tensor[slot : slot + 1] for name, tensor in parameters.items()}
        outputs = problem.network(alone, data.inputs[slot : slot + 1])[0]
        expected = sum((outputs[shot, 0] - data.targets[slot, shot, 0]) ** 2 for shot in range(4)) / 4
        assert float(losses[slot]) == pytest.approx(float(expected), rel=1e-12)
    assert torch.equal(problem.outer_loss(parameters, data), losses)
    assert torch.equal(problem.summarise(data)["mse"], losses)


def test_first_and_second_derivatives_equal_finite_differences(
    problem: SupervisedLearning, parameters: Parameters, data: Examples
) -> None:
    leaves = {name: tensor.requires_grad_() for name, tensor in parameters.items()}

    def loss(*tensors: torch.Tensor) -> torch.Tensor:
        return problem.inner_loss(dict(zip(leaves, tensors, strict=True)), data)

    assert torch.autograd.gradcheck(loss, tuple(leaves.values()))
    assert torch.autograd.gradgradcheck(loss, tuple(leaves.values()))


def test_examples_are_repeatable_and_differ_between_tasks_and_purposes(
    problem: SupervisedLearning, parameters: Parameters, data: Examples, key: RandomKey
) -> None:
    tasks = problem.benchmark.train_tasks[:TASKS]
    again, other = (problem.collect(AdaptedLearner(parameters), tasks, k) for k in (key, key.child("query")))
    assert torch.equal(again.inputs, data.inputs)
    assert not torch.isin(other.inputs, data.inputs).any()
    assert data.inputs.unique().numel() == data.inputs.numel()


def test_a_slot_draws_the_same_whatever_the_number_of_tasks(
    problem: SupervisedLearning, parameters: Parameters, data: Examples, key: RandomKey
) -> None:
    first = {name: tensor[:1] for name, tensor in parameters.items()}
    alone = problem.collect(AdaptedLearner(first), problem.benchmark.train_tasks[:1], key)
    assert torch.equal(alone.inputs, data.inputs[:1])
    torch.testing.assert_close(alone.errors, data.errors[:1], rtol=1e-12, atol=0)


def test_evaluation_covers_the_same_inputs_for_every_task_and_draws_nothing(
    problem: SupervisedLearning, parameters: Parameters, key: RandomKey
) -> None:
    tasks = problem.benchmark.test_tasks[:TASKS]
    errors = problem.evaluate(AdaptedLearner(parameters), tasks, key)["mse"]
    assert torch.equal(errors, problem.evaluate(AdaptedLearner(parameters), tasks, key.child("other"))["mse"])
    inputs = problem.benchmark.evaluation_inputs().double()
    for slot, task in enumerate(tasks):
        amplitude, phase = task.parameters
        alone = {name: tensor[slot : slot + 1] for name, tensor in parameters.items()}
        expected = (problem.network(alone, inputs[None])[0] - amplitude * (inputs - phase).sin()).square().mean()
        assert float(errors[slot]) == pytest.approx(float(expected), rel=1e-10)


def test_scores_need_no_graph(problem: SupervisedLearning, parameters: Parameters, key: RandomKey) -> None:
    """Adapted parameters can have a graph. Data that is kept must not keep that graph alive."""
    graphed = {name: tensor.requires_grad_() * 1 for name, tensor in parameters.items()}
    tasks = problem.benchmark.train_tasks[:TASKS]
    data = problem.collect(AdaptedLearner(graphed), tasks, key)
    tensors = [data.errors, data.inputs, data.targets, problem.evaluate(AdaptedLearner(graphed), tasks, key)["mse"]]
    assert not any(tensor.requires_grad for tensor in tensors)


def test_fresh_parameters_can_be_collected_with(problem: SupervisedLearning, key: RandomKey) -> None:
    fresh = problem.initial_parameters(key)
    assert set(problem.head) < set(fresh)
    data = problem.collect(AdaptedLearner(expand_to_tasks(fresh, TASKS)), problem.benchmark.train_tasks[:TASKS], key)
    assert data.inputs.dtype == torch.float32


def test_the_cost_counts_examples(problem: SupervisedLearning, data: Examples) -> None:
    assert problem.cost.samples == TASKS * 4
    assert problem.cost.seconds > 0


def test_a_smaller_error_ranks_higher(problem: SupervisedLearning) -> None:
    assert problem.rank({"mse": 0.2}) > problem.rank({"mse": 0.3})


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="shots must be at least 1, not 0"):
        SupervisedLearning(Sinusoid(evaluation_tasks=1), MLP((1, 4, 1), "relu"), shots=0)
    with pytest.raises(ValueError, match="from 1 to 1 features"):
        SupervisedLearning(Sinusoid(evaluation_tasks=1), MLP((2, 4, 1), "relu"), shots=1)
