"""What a benchmark offers to whoever learns on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from mlrun.benchmarks.task import Task

if TYPE_CHECKING:
    import numpy as np
    import torch

    from mlrun.randomness import RandomKey


@dataclass(frozen=True)
class Transition:
    """One control step of every world.

    Attributes:
        observation: after the step, ``(worlds, observation_size)``, in the precision of the simulation.
        reward: ``(worlds,)``, in the same.
        success: whether the task's criterion holds after the step, ``(worlds,)``, bool.
    """

    observation: torch.Tensor
    reward: torch.Tensor
    success: torch.Tensor


class Worlds(Protocol):
    """Independent worlds of one task family that step together, each on a task of its own.

    `mlrun.benchmarks.environment.TaskEnvironment` makes environments for tasks out of these.

    Attributes:
        num_worlds: how many.
        observation_size: numbers in an observation.
        action_size: numbers in an action.
        horizon: steps per episode.
        device: of actions and of all that comes back, which has no autograd.
    """

    num_worlds: int
    observation_size: int
    action_size: int
    horizon: int
    device: torch.device

    def reset(self, task_parameters: torch.Tensor) -> torch.Tensor:
        """Start an episode in every world.

        Args:
            task_parameters: one task per world, ``(worlds, numbers)``, float64.

        Returns:
            Observations ``(worlds, observation_size)``.
        """
        ...

    def step(self, action: torch.Tensor) -> Transition:
        """Apply an action ``(worlds, action_size)`` for one control step. Episodes never terminate by themselves."""
        ...

    def warnings(self) -> dict[str, torch.Tensor]:
        """How often the simulator has warned since the reset, ``(worlds,)`` whole numbers by what it warned of."""
        ...

    def unstable(self) -> torch.Tensor:
        """The worlds whose simulation has failed since the reset, ``(worlds,)`` bool; what they show means nothing."""
        ...


class Benchmark(Protocol):
    """Tasks: those to train on, those to follow training by, and those held out."""

    name: str

    @property
    def train_tasks(self) -> Sequence[Task]:
        """Tasks of the training distribution that the best checkpoint is chosen by."""
        ...

    @property
    def test_tasks(self) -> Sequence[Task]:
        """Held-out tasks, disjoint from all that training draws."""
        ...

    def draw_tasks(self, count: int, generator: np.random.Generator) -> Sequence[Task]:
        """A meta-batch to train on: from the training tasks where they are a list, and else new ones."""
        ...

    def reference_scores(self, tasks: Sequence[Task], num_threads: int = 0) -> dict[str, dict[str, float]]:
        """Mean scores over these tasks of reference policies, which do not adapt, by the policy's name.

        A result says little unless it is compared with them.

        The scores are among those that evaluating a model on these tasks gives, under the same names.
        """
        ...


class EpisodicBenchmark(Benchmark, Protocol):
    """Tasks to act in.

    Attributes:
        observation_size: numbers in an observation.
        action_size: numbers in an action.
        horizon: steps per episode.
    """

    observation_size: int
    action_size: int
    horizon: int

    @property
    def ranked_by(self) -> Sequence[str]:
        """Names of the scores that policies are compared by, the most important one first; more is better."""
        ...

    def make_worlds(
        self,
        num_worlds: int,
        num_threads: int = 0,
        physics: Literal["cpu", "warp"] = "cpu",
        *,
        family: str | None = None,
    ) -> Worlds:
        """Worlds for tasks of one family.

        Args:
            num_worlds: how many.
            num_threads: threads to step them on; 0 means one per core.
            physics: "warp" means that they are on the GPU.
            family: as the tasks name it; None for a benchmark whose tasks name none.
        """
        ...


class SupervisedBenchmark(Benchmark, Protocol):
    """Tasks that are functions to be learned from examples."""

    input_size: int
    output_size: int

    def draw_inputs(self, num_tasks: int, count: int, key: RandomKey) -> torch.Tensor:
        """Random inputs ``(num_tasks, count, input_size)``, float32; a slot's do not depend on the number of tasks."""
        ...

    def evaluation_inputs(self) -> torch.Tensor:
        """The inputs that a model is judged on, the same for every task: ``(count, input_size)``, float32."""
        ...

    def targets(self, tasks: Sequence[Task], inputs: torch.Tensor) -> torch.Tensor:
        """What each task's function is, ``(tasks, count, output_size)``, at the inputs ``(tasks, count, input_size)``.

        The result has the inputs' dtype and device.
        """
        ...
