"""Supervised learning, as a problem that meta-learning algorithms adapt to."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from mlrun.benchmarks.protocol import SupervisedBenchmark
from mlrun.benchmarks.task import Task
from mlrun.learner import AdaptedLearner, Memory
from mlrun.networks import MLP
from mlrun.parameters import Parameters
from mlrun.problems.protocol import CollectionCost
from mlrun.randomness import RandomKey
from mlrun.task_group import TaskGroup


@dataclass(frozen=True)
class Examples:
    """Inputs of every task, and the values of its function there.

    Attributes:
        inputs: ``(tasks, shots, input_size)``.
        targets: ``(tasks, shots, output_size)``.
        errors: mean squared error on them of the learner that collected them, ``(tasks,)``.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    errors: torch.Tensor

    @property
    def memory(self) -> Memory:
        """Empty: these learners keep all they know in their parameters."""
        return {}


class SupervisedLearning:
    """Squared error of a network on examples of a benchmark's functions (Finn et al. 2017, algorithm 2).

    Adaptation and meta-learning both minimise the mean squared error on a task's examples. Examples do not depend on
    the parameters, so all adaptation steps can use the same.

    Args:
        benchmark: gives the functions.
        network: from ``benchmark.input_size`` to ``benchmark.output_size`` features.
        shots: examples per task and collection.
        device: where parameters and data live.
        group: what combines the tasks of a batch; None if this process has all of them.

    Raises:
        ValueError: ``shots`` is below 1, or the network has other numbers of features than the benchmark.
    """

    fresh_data_each_step = False

    def __init__(
        self,
        benchmark: SupervisedBenchmark,
        network: MLP,
        *,
        shots: int,
        device: str = "cpu",
        group: TaskGroup | None = None,
    ) -> None:
        if shots < 1:
            raise ValueError(f"shots must be at least 1, not {shots}")
        wanted = benchmark.input_size, benchmark.output_size
        if (network.sizes[0], network.sizes[-1]) != wanted:
            raise ValueError(f"the network must go from {wanted[0]} to {wanted[1]} features, not {network.sizes}")
        self.benchmark = benchmark
        self.network = network
        self.data_per_task = shots
        self.group = group or TaskGroup()
        self.device = device
        self.head: Sequence[str] = network.head
        self.layers: Mapping[str, Sequence[str]] = network.layers
        self.cost = CollectionCost("examples")

    def initial_parameters(self, key: RandomKey) -> Parameters:
        """Fresh network weights."""
        fresh = self.network.initial_parameters(key.generator())
        return {name: tensor.to(self.device) for name, tensor in fresh.items()}

    def collect(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> Examples:
        """Draw ``shots`` examples of every task."""
        started, parameters = time.perf_counter(), learner.parameters
        inputs = self.benchmark.draw_inputs(len(tasks), self.data_per_task, key).to(next(iter(parameters.values())))
        targets = self.benchmark.targets(tasks, inputs)
        examples = Examples(inputs, targets, self._errors(parameters, inputs, targets))
        self.cost.samples += len(tasks) * self.data_per_task
        self.cost.seconds += time.perf_counter() - started
        return examples

    def inner_loss(self, parameters: Parameters, data: Examples) -> torch.Tensor:
        """Mean squared error per task, ``(tasks,)``."""
        return (self.network(parameters, data.inputs) - data.targets).square().mean((1, 2))

    def outer_loss(self, parameters: Parameters, data: Examples) -> torch.Tensor:
        """The same error on other examples, ``(tasks,)``."""
        return self.inner_loss(parameters, data)

    def summarise(self, data: Examples) -> dict[str, torch.Tensor]:
        """Mean squared error on the examples of the learner that collected them, as ``mse``."""
        return {"mse": data.errors}

    def evaluate(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> dict[str, torch.Tensor]:
        """Mean squared error on the benchmark's evaluation inputs, which are not random."""
        inputs = self.inputs(learner, tasks, key)
        return {"mse": self._errors(learner.parameters, inputs, self.benchmark.targets(tasks, inputs))}

    def inputs(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> torch.Tensor:
        """The benchmark's evaluation inputs, the same for every task, ``(tasks, count, input_size)``."""
        grid = self.benchmark.evaluation_inputs().to(next(iter(learner.parameters.values())))
        return grid.expand(len(tasks), *grid.shape)

    def representations(self, parameters: Parameters, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """The outputs of the network's layers, ``(tasks, samples, units)``, by layer."""
        return self.network.representations(parameters, inputs)

    def rank(self, scores: Mapping[str, float]) -> list[float]:
        """The negative error: a smaller error is better."""
        return [-scores["mse"]]

    @torch.no_grad()
    def _errors(self, parameters: Parameters, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return (self.network(parameters, inputs) - targets).square().mean((1, 2))
