"""What an algorithm adapts to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from mlrun.benchmarks.task import Task
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey


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


class Problem(Protocol):
    """What an algorithm adapts to, for a whole batch of tasks at once.

    Parameters passed in carry a leading task dimension, and every loss comes back per task, ``(tasks,)``.
    ``data`` is whatever ``collect`` returned; algorithms pass it on and never look inside.

    Attributes:
        cost: grows with every collection.
        device: where parameters and data live.
        fresh_data_each_step: whether every adaptation step needs data collected with the parameters it starts from, as
            in reinforcement learning, or all of them use the same.
    """

    cost: CollectionCost
    device: str
    fresh_data_each_step: bool

    @property
    def head(self) -> Sequence[str]:
        """Names of the parameters of the last layer."""
        ...

    @property
    def layers(self) -> Mapping[str, Sequence[str]]:
        """Names of the parameters that each layer has, from the first layer to the last."""
        ...

    def initial_parameters(self, key: RandomKey) -> Parameters:
        """Fresh meta-parameters, without a task dimension."""
        ...

    def collect(self, parameters: Parameters, tasks: Sequence[Task], key: RandomKey) -> Any:
        """Fresh data of every task, gathered with that task's own parameters."""
        ...

    def inner_loss(self, parameters: Parameters, data: Any) -> torch.Tensor:
        """The loss that adaptation descends, ``(tasks,)``, twice differentiable."""
        ...

    def outer_loss(self, parameters: Parameters, data: Any) -> torch.Tensor:
        """The loss of adapted parameters on fresh data, ``(tasks,)``."""
        ...

    def summarise(self, data: Any) -> dict[str, torch.Tensor]:
        """Named scores of collected data, each ``(tasks,)``."""
        ...

    def evaluate(self, parameters: Parameters, tasks: Sequence[Task], key: RandomKey) -> dict[str, torch.Tensor]:
        """Named scores of the parameters used greedily on every task, each ``(tasks,)``."""
        ...

    def inputs(self, parameters: Parameters, tasks: Sequence[Task], key: RandomKey) -> torch.Tensor:
        """What every task's own model is to compute something from, ``(tasks, samples, features)``."""
        ...

    def representations(self, parameters: Parameters, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the layers compute from inputs, ``(tasks, samples, units)``, for those layers that do."""
        ...

    def rank(self, scores: Mapping[str, float]) -> list[float]:
        """Mean scores as numbers of which the better come later in order, the most important one first."""
        ...


class PolicyProblem(Problem, Protocol):
    """A problem whose model is a stochastic policy, which the trust-region and proximal methods need."""

    def divergence(self, reference: Parameters, parameters: Parameters, data: Any) -> torch.Tensor:
        """Mean KL(reference || parameters) of the action distributions on the data, ``(tasks,)``."""
        ...

    def clipped_loss(self, parameters: Parameters, data: Any, clip_range: float) -> torch.Tensor:
        """The outer loss with likelihood ratios outside ``1 ± clip_range`` no longer rewarded, ``(tasks,)``."""
        ...

    def thin(self, data: Any, stride: int) -> Any:
        """Every ``stride``-th part of the data, for estimates that do not need all of it."""
        ...
