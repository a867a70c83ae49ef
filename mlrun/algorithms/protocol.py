"""How a learner is meta-trained and adapted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from mlrun.benchmarks.task import Task
from mlrun.parameters import Parameters
from mlrun.problems.protocol import Problem
from mlrun.randomness import RandomKey


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
