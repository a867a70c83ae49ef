"""What benchmarks offer to training and evaluation."""

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
        reward: ``(worlds,)``, in the same precision.
        success: whether the task's success criterion holds after the step, ``(worlds,)`` bool.
    """

    observation: torch.Tensor
    reward: torch.Tensor
    success: torch.Tensor


class Worlds(Protocol):
    """Independent worlds of one task family that step together, each with a task of its own.

    `mlrun.benchmarks.environment.TaskEnvironment` makes environments for tasks from them.

    Attributes:
        num_worlds: how many.
        observation_size: numbers in an observation.
        action_size: numbers in an action.
        horizon: steps per episode.
        device: of actions and results. Results have no gradients.
    """

    num_worlds: int
    observation_size: int
    action_size: int
    horizon: int
    device: torch.device

    def reset(self, task_parameters: torch.Tensor) -> torch.Tensor:
        """Starts an episode in every world.

        Args:
            task_parameters: one task per world, ``(worlds, numbers)``, float64.

        Returns:
            Observations ``(worlds, observation_size)``.
        """
        ...

    def step(self, action: torch.Tensor) -> Transition:
        """Takes an action ``(worlds, action_size)`` for one control step. Episodes never terminate by themselves."""
        ...

    def warnings(self) -> dict[str, torch.Tensor]:
        """How often the simulator has warned since the reset: ``(worlds,)`` whole numbers, by the warning's name."""
        ...

    def unstable(self) -> torch.Tensor:
        """The worlds whose simulation has failed since the reset, ``(worlds,)`` bool. What they show means nothing."""
        ...


class Benchmark(Protocol):
    """Tasks to train on, and held-out tasks.

    Attributes:
        name: as registered.
    """

    name: str

    @property
    def train_tasks(self) -> Sequence[Task]:
        """Tasks of the training distribution. Scores on them choose the best checkpoint."""
        ...

    @property
    def test_tasks(self) -> Sequence[Task]:
        """Held-out tasks, which training never draws."""
        ...

    def draw_tasks(self, count: int, generator: np.random.Generator) -> Sequence[Task]:
        """Draws a meta-batch: some of the training tasks if they are a limited list, otherwise new tasks."""
        ...

    def reference_scores(self, tasks: Sequence[Task], num_threads: int = 0) -> dict[str, dict[str, float]]:
        """Mean scores of reference policies on these tasks, by the policy's name. They are not trained.

        A result says little unless it is compared with these scores. The evaluation of a model gives scores of the same
        names.

        Args:
            tasks: to play or to fit.
            num_threads: threads that step the physics; 0 means one per core.
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

    def hidden(self, tasks: Sequence[Task]) -> torch.Tensor:
        """Those parameters of tasks that no observation shows, ``(tasks, numbers)``, float64: their goals."""
        ...

    @property
    def ranked_by(self) -> Sequence[str]:
        """Names of the scores that rank policies, the most important one first. More is better."""
        ...

    def make_worlds(
        self,
        num_worlds: int,
        num_threads: int = 0,
        physics: Literal["cpu", "warp"] = "cpu",
        *,
        family: str | None = None,
    ) -> Worlds:
        """Makes worlds for tasks of one family.

        Args:
            num_worlds: how many.
            num_threads: threads that step them; 0 means one per core.
            physics: the engine. "warp" puts the worlds on the GPU.
            family: as the tasks name it. None if the tasks of this benchmark name no family.
        """
        ...


class SupervisedBenchmark(Benchmark, Protocol):
    """Tasks that are functions, to be learned from examples.

    Attributes:
        input_size: numbers in an input.
        output_size: numbers in an output.
    """

    input_size: int
    output_size: int

    def draw_inputs(self, num_tasks: int, count: int, key: RandomKey) -> torch.Tensor:
        """Draws inputs ``(num_tasks, count, input_size)``, float32. Task i's do not depend on the number of tasks."""
        ...

    def evaluation_inputs(self) -> torch.Tensor:
        """The inputs of evaluations, the same for every task: ``(count, input_size)``, float32."""
        ...

    def targets(self, tasks: Sequence[Task], inputs: torch.Tensor) -> torch.Tensor:
        """The values of each task's function at its inputs.

        Args:
            tasks: the functions.
            inputs: ``(tasks, count, input_size)``.

        Returns:
            ``(tasks, count, output_size)``, with the inputs' dtype and device.
        """
        ...
