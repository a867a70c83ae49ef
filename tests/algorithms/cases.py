"""Problems to test the algorithms on, and a plain version of the algorithms, task by task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mlrun.algorithms import algorithms
from mlrun.algorithms.inner_loop import Rates
from mlrun.algorithms.meta_objective import MetaObjective
from mlrun.benchmarks.task import Task
from mlrun.parameters import Parameters
from mlrun.problems.reinforcement_learning import Experience
from mlrun.problems.supervised_learning import Examples
from mlrun.randomness import RandomKey


@dataclass(frozen=True)
class Case:
    """A problem in float64 whose fresh parameters are `theta`.

    Attributes:
        problem: with networks of two hidden layers of tanh units, so that finite differences are smooth.
        tasks: a batch of them.
        theta: meta-parameters, without a task dimension.
        head: names of the last layer's parameters.
        loss: of one task. It takes parameters without a task dimension, the data of the batch, and the task's slot.
        rate: the learning rate of adaptation.
        collected: all data that the problem has collected, in order.
    """

    problem: Any
    tasks: Sequence[Task]
    theta: Parameters
    head: tuple[str, ...]
    loss: Callable[[Parameters, Any, int], torch.Tensor]
    rate: float
    collected: list[Any]


def network(parameters: Parameters, inputs: torch.Tensor, prefix: str) -> torch.Tensor:
    hidden = (inputs @ parameters[f"{prefix}0.weight"] + parameters[f"{prefix}0.bias"]).tanh()
    hidden = (hidden @ parameters[f"{prefix}1.weight"] + parameters[f"{prefix}1.bias"]).tanh()
    return hidden @ parameters[f"{prefix}2.weight"] + parameters[f"{prefix}2.bias"]


def policy(parameters: Parameters, data: Experience, task: int) -> torch.distributions.Normal:
    return torch.distributions.Normal(
        network(parameters, data.observations[task], "mean."), 0.1 + parameters["log_std"].exp()
    )


def ratios(parameters: Parameters, data: Experience, task: int) -> torch.Tensor:
    return (policy(parameters, data, task).log_prob(data.actions[task]).sum(-1) - data.log_probs[task]).exp()


def surrogate(parameters: Parameters, data: Experience, task: int) -> torch.Tensor:
    return -(ratios(parameters, data, task) * data.advantages[task]).mean()


def squared_error(parameters: Parameters, data: Examples, task: int) -> torch.Tensor:
    return ((network(parameters, data.inputs[task], "") - data.targets[task]) ** 2).mean()


def adapted(
    case: Case, weights: Parameters, rates: Rates, support: Sequence[Any], task: int, *, second_order: bool = True
) -> list[Parameters]:
    """One task's parameters after 0, 1, ... steps, with a graph."""
    after = [weights]
    for data in support:
        now = after[-1]
        gradients = torch.autograd.grad(case.loss(now, data, task), [now[n] for n in rates], create_graph=second_order)
        moves = zip(rates, gradients, strict=True)
        after.append({**now, **{name: now[name] - rates[name] * gradient for name, gradient in moves}})
    return after


def meta_loss(case: Case, name: str, meta: Parameters, objective: MetaObjective) -> torch.Tensor:
    """Task by task: adapt on the support data, and average the loss on the query data."""
    losses = []
    for task in range(len(case.tasks)):
        weights, rates = weights_of(meta), rates_of(case, name, meta)
        after = adapted(case, weights, rates, objective.support, task, second_order=name != "fomaml")
        losses.append(case.loss(after[-1], objective.query, task))
    return torch.stack(losses).mean()


def weights_of(meta: Parameters) -> Parameters:
    return {name: tensor for name, tensor in meta.items() if "rate/" not in name}


def rates_of(case: Case, name: str, meta: Parameters) -> Rates:
    """The learning rates of the parameters that an algorithm adapts."""
    if name == "meta-sgd":
        return {weight: meta[f"rate/{weight}"] for weight in case.theta}
    return dict.fromkeys(case.head if name == "anil" else case.theta, case.rate)


def build(case: Case, name: str, key: RandomKey, *, steps: int = 1, outer: Mapping[str, Any] | None = None) -> Any:
    """A registered algorithm, initialised. `outer` is as in an experiment; None is the algorithm's default."""
    rate = [0.5 * case.rate, 1.5 * case.rate] if name == "meta-sgd" else case.rate
    inner = {"learning_rate": rate, "steps": steps}
    section = {"name": name, "inner": inner, **({} if outer is None else {"outer": outer})}
    learner = algorithms.load(name)(algorithms.entry(name).config.model_validate(section))
    learner.initialise(case.problem, key)
    return learner


class OuterSpy:
    """An outer rule that only keeps the objective that it should minimise."""

    objective: MetaObjective

    def step(self, parameters: Parameters, objective: MetaObjective) -> tuple[Parameters, dict[str, float]]:
        self.objective = objective
        return parameters, {}


def objective_of(learner: Any, case: Case, key: RandomKey) -> MetaObjective:
    """The objective of one update. The update learns nothing."""
    actual, learner.outer = learner.outer, OuterSpy()
    learner.update(case.problem, case.tasks, key)
    spy, learner.outer = learner.outer, actual
    return spy.objective


def leaves(parameters: Parameters) -> Parameters:
    return {name: tensor.detach().clone().requires_grad_() for name, tensor in parameters.items()}


def shifted(parameters: Parameters, scale: float, key: RandomKey) -> Parameters:
    """The parameters, and `scale` times a random direction."""
    generator = key.child("direction").generator()
    return {
        name: tensor + scale * torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)
        for name, tensor in parameters.items()
    }


def flat(tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors.values()])


def gradients(loss: torch.Tensor, parameters: Parameters) -> Parameters:
    return dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True))


def same(one: Any, other: Any) -> bool:
    """Whether two states are equal bit for bit."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other
