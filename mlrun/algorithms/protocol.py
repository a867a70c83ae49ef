"""What every meta-learning algorithm has: how it is trained, adapted and saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from mlrun.benchmarks.task import Task
from mlrun.learner import AdaptedLearner
from mlrun.problems.protocol import Problem
from mlrun.randomness import RandomKey

ProblemT = TypeVar("ProblemT", bound=Problem, contravariant=True)
"""What an algorithm needs from a problem: one of the protocols in `mlrun.problems.protocol`."""


class MetaAlgorithm(Protocol[ProblemT]):
    """An inner rule that adapts to tasks, and an outer rule that improves the result of adaptation.

    If the state is too large for a copy at every iteration, the algorithm also implements `HasLargeState`.
    """

    @property
    def adaptation_steps(self) -> int:
        """The number of adaptation steps that it is trained for."""
        ...

    def initialise(self, problem: ProblemT, key: RandomKey) -> None:
        """Start from fresh meta-parameters."""
        ...

    def update(self, problem: ProblemT, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """Do one meta-iteration on a batch of tasks. Returns metrics by name."""
        ...

    def adapt(self, problem: ProblemT, tasks: Sequence[Task], key: RandomKey, steps: int) -> list[AdaptedLearner]:
        """The learner after 0, 1, ... ``steps`` adaptation steps: ``steps + 1`` of them.

        A step is what the algorithm does with one collection of data: a gradient step, or one more episode in the
        memory. Each learner says how much data it has used.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything that its future depends on: tensors and plain containers.

        Later updates do not change them in place. After every iteration, the state is copied and its numbers are
        checked: all must be finite.
        """
        ...

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        ...


@runtime_checkable
class MakesPolicy(Protocol):
    """A class of algorithms that make their own policy, for example a recurrent one.

    Its problem is an `mlrun.problems.episodes.EpisodicProblem` with that policy, which has no losses.
    """

    @classmethod
    def make_policy(cls, experiment: Any, benchmark: Any) -> Any:
        """Make the `mlrun.rl.policy.Policy` for an `EpisodicExperiment` on an `EpisodicBenchmark`."""
        ...


@runtime_checkable
class HasLargeState(Protocol):
    """An algorithm with a large state, such as a replay buffer.

    The large state is saved beside each checkpoint. Between checkpoints it is neither copied nor checked.

    An update or the evaluation after it can fail or be interrupted. The checkpoint must then have the large state
    from before the iteration. So an update only prepares what it adds, and `commit` adds it.
    """

    def commit(self) -> None:
        """Add what the last update prepared to the large state. The iteration is complete.

        Nothing of ``state_dict`` may change: it is copied before.
        """
        ...

    def large_state(self) -> dict[str, Any]:
        """The large state after the last `commit`: tensors and plain containers. The caller writes them at once."""
        ...

    def load_large_state(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``large_state``, on a device. The ``state_dict`` saved with it is loaded before."""
        ...
