"""Learning problems as protocols. Each has what one kind of caller needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch

from mlrun.benchmarks.task import Task
from mlrun.learner import AdaptedLearner, Memory
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.task_group import TaskGroup


@dataclass
class CollectionCost:
    """The cost of all data that was collected so far.

    Attributes:
        unit: the unit of ``samples``, as metrics name it: "env_steps" or "examples".
        samples: number of samples.
        seconds: wall-clock time of collecting them. It includes the policy's.
        warnings: number of warnings of the simulator, by kind.
    """

    unit: str
    samples: int = 0
    seconds: float = 0.0
    warnings: Counter[str] = field(default_factory=Counter)


class CollectedData(Protocol):
    """What `Problem.collect` returns. Gradient-based algorithms only hand it to the problem's losses.

    Attributes:
        memory: the learner's memory after the data. The next episodes of the same tasks start with it.
    """

    @property
    def memory(self) -> Memory:
        """As above."""
        ...


class Problem(Protocol):
    """Sampling and scoring of a whole batch of tasks at once. Every algorithm needs these.

    Attributes:
        cost: of all collections so far.
        device: where parameters and data live.
        group: what combines the tasks of a batch, also when several processes share it.
        data_per_task: episodes or examples of each task in one collection.
    """

    cost: CollectionCost
    device: str
    group: TaskGroup
    data_per_task: int

    def initial_parameters(self, key: RandomKey) -> Parameters:
        """Fresh meta-parameters, without a task dimension."""
        ...

    def collect(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> Any:
        """Fresh `CollectedData` of every task, collected by that task's own learner."""
        ...

    def summarise(self, data: Any) -> dict[str, torch.Tensor]:
        """Named scores of collected data, each ``(tasks,)``."""
        ...

    def evaluate(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> dict[str, torch.Tensor]:
        """Named scores of the learner on every task, without exploration, each ``(tasks,)``."""
        ...

    def rank(self, scores: Mapping[str, float]) -> list[float]:
        """Mean scores as a list for comparisons. The greater list is better; its first number counts most."""
        ...


class DifferentiableProblem(Problem, Protocol):
    """Losses as functions of parameters ``(tasks, ...)``, for algorithms that adapt by gradient descent.

    Every loss is one number per task, ``(tasks,)``.

    Attributes:
        fresh_data_each_step: whether each adaptation step needs data that its own parameters collected, as in
            reinforcement learning. If not, all steps use the same data.
    """

    fresh_data_each_step: bool

    @property
    def head(self) -> Sequence[str]:
        """Names of the parameters of the last layer."""
        ...

    def inner_loss(self, parameters: Parameters, data: Any) -> torch.Tensor:
        """The loss that adaptation minimises, ``(tasks,)``, twice differentiable."""
        ...

    def outer_loss(self, parameters: Parameters, data: Any) -> torch.Tensor:
        """The loss of adapted parameters on fresh data, ``(tasks,)``."""
        ...


class PolicyProblem(DifferentiableProblem, Protocol):
    """A problem whose model is a stochastic policy, for trust-region and proximal methods."""

    def kl(self, reference: Parameters, parameters: Parameters, data: Any) -> torch.Tensor:
        """Mean KL(reference || parameters) of the action distributions on the data, ``(tasks,)``, in nats."""
        ...

    def clipped_loss(self, parameters: Parameters, data: Any, clip_range: float) -> torch.Tensor:
        """The outer loss without a gain from likelihood ratios outside ``1 ± clip_range``, ``(tasks,)``."""
        ...

    def subsample(self, data: Any, stride: int) -> Any:
        """Every ``stride``-th part of the data, for estimates that do not need all of it."""
        ...


@runtime_checkable
class IntrospectableProblem(Problem, Protocol):
    """A problem whose model has layers that `mlrun explain` can look into."""

    @property
    def layers(self) -> Mapping[str, Sequence[str]]:
        """Names of the parameters of each layer, from the first layer to the last."""
        ...

    def inputs(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> torch.Tensor:
        """Inputs for each task's own model, ``(tasks, samples, features)``."""
        ...

    def representations(self, parameters: Parameters, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """The outputs of the layers, ``(tasks, samples, units)``, by layer. A layer without inputs has none."""
        ...
