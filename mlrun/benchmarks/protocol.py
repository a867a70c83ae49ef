"""What a benchmark of episodic tasks offers to whoever learns on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mlrun.benchmarks.task import Task

if TYPE_CHECKING:
    import torch  # listings read floors and have no time to load it


@dataclass(frozen=True)
class Transition:
    """One control step of every world.

    Attributes:
        observation: after the step, ``(worlds, observation_size)``, float64.
        reward: ``(worlds,)``, float64.
        success: whether the task's criterion holds after the step, ``(worlds,)``, bool.
    """

    observation: torch.Tensor
    reward: torch.Tensor
    success: torch.Tensor


@dataclass(frozen=True)
class Floor:
    """What a policy that does not adapt reaches: the yardstick for one that does.

    Attributes:
        success_any: share of tasks with a successful step.
        success_last: share of tasks whose last step is successful.
        mean_return: undiscounted return, averaged over tasks.
    """

    success_any: float
    success_last: float
    mean_return: float


class BatchedEnvironment(Protocol):
    """Independent worlds that step together, each on a task of its own. Tensors are on the CPU, without autograd."""

    num_worlds: int
    observation_size: int
    action_size: int
    horizon: int

    def reset(self, task_parameters: torch.Tensor) -> torch.Tensor:
        """Start an episode in every world.

        Args:
            task_parameters: one task per world, ``(worlds, task_size)``, float64.

        Returns:
            Observations ``(worlds, observation_size)``, float64.
        """
        ...

    def step(self, action: torch.Tensor) -> Transition:
        """Apply an action ``(worlds, action_size)`` for one control step. Episodes never terminate by themselves."""
        ...


class Benchmark(Protocol):
    """Tasks of one family, split into those for meta-training and those held out."""

    name: str
    observation_size: int
    action_size: int
    horizon: int

    @property
    def train_tasks(self) -> Sequence[Task]:
        """Tasks for meta-training."""
        ...

    @property
    def test_tasks(self) -> Sequence[Task]:
        """Held-out tasks, disjoint from the training tasks."""
        ...

    def make_environment(self, num_worlds: int, num_threads: int = 0) -> BatchedEnvironment:
        """Worlds for this benchmark's tasks; 0 threads means one per core."""
        ...

    def floors(self, tasks: Sequence[Task], num_threads: int = 0) -> dict[str, Floor]:
        """Measured floors and ceilings on these tasks, by the name of what was run."""
        ...
