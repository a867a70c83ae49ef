"""The two protocols of meta-learning: what is learned (Problem) and how (MetaAlgorithm)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from mlrun.benchmarks.task import Task
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey


@dataclass
class CollectionCost:
    """What collecting data has cost so far.

    Attributes:
        samples: environment steps taken, or examples drawn.
        seconds: wall-clock time spent on them, acting included.
    """

    samples: int = 0
    seconds: float = 0.0


class Problem(Protocol):
    """What an algorithm adapts to, for a whole batch of tasks at once.

    Parameters passed in carry a leading task dimension, and every loss comes back per task, ``(tasks,)``.
    ``data`` is whatever ``collect`` returned; algorithms pass it on and never look inside.

    Attributes:
        cost: grows with every collection.
        device: where parameters and data live.
    """

    cost: CollectionCost
    device: str

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

    def divergence(self, reference: Parameters, parameters: Parameters, data: Any) -> torch.Tensor:
        """Mean KL(reference || parameters) of the predictions on the data, ``(tasks,)``."""
        ...

    def thin(self, data: Any, stride: int) -> Any:
        """Every ``stride``-th part of the data, for estimates that do not need all of it."""
        ...

    def summarise(self, data: Any) -> dict[str, torch.Tensor]:
        """Named scores of collected data, each ``(tasks,)``."""
        ...

    def evaluate(self, parameters: Parameters, tasks: Sequence[Task], key: RandomKey) -> dict[str, torch.Tensor]:
        """Named scores of the parameters used greedily on every task, each ``(tasks,)``."""
        ...


class MetaAlgorithm(Protocol):
    """An inner rule that adapts to tasks and an outer rule that learns from how well it went."""

    @property
    def adaptation_steps(self) -> int:
        """How many adaptation steps it learns for."""
        ...

    def initialise(self, problem: Problem, key: RandomKey) -> None:
        """Start from fresh meta-parameters."""
        ...

    def update(self, problem: Problem, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """One meta-iteration over a batch of tasks; returns metrics."""
        ...

    def adapt(self, problem: Problem, tasks: Sequence[Task], key: RandomKey, steps: int) -> list[Parameters]:
        """Each task's parameters after 0, 1, ... ``steps`` adaptation steps: ``steps + 1`` sets."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything its future depends on: tensors and plain containers, which later updates leave as they are."""
        ...

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        ...
