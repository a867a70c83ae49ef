"""How a learner is meta-trained and adapted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from mlrun.benchmarks.task import Task
from mlrun.learner import AdaptedLearner
from mlrun.problems.protocol import Problem
from mlrun.randomness import RandomKey

ProblemT = TypeVar("ProblemT", bound=Problem, contravariant=True)
"""What an algorithm needs of a problem: one of the protocols in `mlrun.problems.protocol`."""


class MetaAlgorithm(Protocol[ProblemT]):
    """An inner rule that adapts to tasks, and an outer rule that learns from how well it went.

    An algorithm with a state too large to be copied at every iteration implements `HasLargeState` as well.
    """

    @property
    def adaptation_steps(self) -> int:
        """How many adaptation steps it learns for."""
        ...

    def initialise(self, problem: ProblemT, key: RandomKey) -> None:
        """Start from fresh meta-parameters."""
        ...

    def update(self, problem: ProblemT, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """One meta-iteration over a batch of tasks; returns metrics."""
        ...

    def adapt(self, problem: ProblemT, tasks: Sequence[Task], key: RandomKey, steps: int) -> list[AdaptedLearner]:
        """The learner after 0, 1, ... ``steps`` adaptation steps: ``steps + 1`` of them.

        A step is whatever the algorithm does with one collection of data: a gradient step, or an episode more in the
        memory. Each learner says how much data it has cost.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything its future depends on: tensors and plain containers, which later updates leave as they are.

        It is copied, and looked through for numbers that are not finite, after every iteration.
        """
        ...

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        ...


@runtime_checkable
class MakesPolicy(Protocol):
    """An algorithm, as a class, whose policy is its own, for example a recurrent one; it needs no losses of a problem.

    It is then given an `mlrun.problems.episodes.EpisodicProblem` with that policy.
    """

    def make_policy(self, experiment: Any, benchmark: Any) -> Any:
        """The `mlrun.rl.policy.Policy` for an `EpisodicExperiment` on an `EpisodicBenchmark`."""
        ...


@runtime_checkable
class HasLargeState(Protocol):
    """A state that is saved beside each checkpoint and neither copied nor looked through in between: a replay buffer.

    An update may fail, or be interrupted, or be followed by an evaluation that is. A checkpoint then has the state
    before the iteration. So an update only prepares what it adds, and `commit` adds it.
    """

    def commit(self) -> None:
        """Make what the last update has prepared part of the large state: its iteration is complete."""
        ...

    def large_state(self) -> dict[str, Any]:
        """The state as of the last `commit`: tensors and plain containers. They are written at once, not kept."""
        ...

    def load_large_state(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``large_state``, on a device, after the ``state_dict`` that goes with it."""
        ...
