"""What an algorithm adapts to, divided by who needs what."""

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
    """What collecting data has cost so far.

    Attributes:
        unit: what is counted, as metrics call it: "env_steps" or "examples".
        samples: how many so far.
        seconds: wall-clock time spent on them, acting included.
        warnings: how often a simulator has warned, by what it warned of.
    """

    unit: str
    samples: int = 0
    seconds: float = 0.0
    warnings: Counter[str] = field(default_factory=Counter)


class CollectedData(Protocol):
    """What `Problem.collect` returns. Algorithms that learn by gradients pass it on and look at nothing else.

    Attributes:
        memory: what the learner carries after it; the next episodes of the same tasks go on from there.
    """

    @property
    def memory(self) -> Memory:
        """As above."""
        ...


class Problem(Protocol):
    """Sampling and scoring, for a whole batch of tasks at once: what every algorithm needs.

    Attributes:
        cost: grows with every collection.
        device: where parameters and data live.
        group: the tasks that batches are part of; whatever crosses tasks goes through it.
        data_per_task: episodes or examples of each task that one collection yields.
    """

    cost: CollectionCost
    device: str
    group: TaskGroup
    data_per_task: int

    def initial_parameters(self, key: RandomKey) -> Parameters:
        """Fresh meta-parameters, without a task dimension."""
        ...

    def collect(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> Any:
        """Fresh `CollectedData` of every task, gathered by that task's own learner."""
        ...

    def summarise(self, data: Any) -> dict[str, torch.Tensor]:
        """Named scores of collected data, each ``(tasks,)``."""
        ...

    def evaluate(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> dict[str, torch.Tensor]:
        """Named scores of the learner, used greedily on every task, each ``(tasks,)``."""
        ...

    def rank(self, scores: Mapping[str, float]) -> list[float]:
        """Mean scores as numbers of which the better come later in order, the most important one first."""
        ...


class DifferentiableProblem(Problem, Protocol):
    """Losses as functions of parameters ``(tasks, ...)``, for algorithms that adapt by gradient descent.

    Every loss comes back per task, ``(tasks,)``.

    Attributes:
        fresh_data_each_step: whether every adaptation step needs data collected with the parameters it starts from, as
            in reinforcement learning. If not, all steps use the same.
    """

    fresh_data_each_step: bool

    @property
    def head(self) -> Sequence[str]:
        """Names of the parameters of the last layer."""
        ...

    def inner_loss(self, parameters: Parameters, data: Any) -> torch.Tensor:
        """The loss that adaptation descends, ``(tasks,)``, twice differentiable."""
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
        """The outer loss with likelihood ratios outside ``1 ± clip_range`` no longer rewarded, ``(tasks,)``."""
        ...

    def subsample(self, data: Any, stride: int) -> Any:
        """Every ``stride``-th part of the data, for estimates that do not need all of it."""
        ...


@runtime_checkable
class IntrospectableProblem(Problem, Protocol):
    """A problem whose model has layers that one can look into: what `mlrun explain` needs."""

    @property
    def layers(self) -> Mapping[str, Sequence[str]]:
        """Names of the parameters that each layer has, from the first layer to the last."""
        ...

    def inputs(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> torch.Tensor:
        """What every task's own model is to compute something from, ``(tasks, samples, features)``."""
        ...

    def representations(self, parameters: Parameters, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the layers compute from inputs, ``(tasks, samples, units)``, for those layers that do."""
        ...
