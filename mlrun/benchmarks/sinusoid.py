"""Sinusoid regression: fit sine waves from a few points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import torch

from mlrun.benchmarks.task import Split, Task, stack_parameters
from mlrun.randomness import RandomKey

if TYPE_CHECKING:
    from mlrun.config.benchmarks import SinusoidConfig

_AMPLITUDES: Final = (0.1, 5.0)
_PHASES: Final = (0.0, math.pi)
_LARGEST_INPUT: Final = 5.0
_GRID: Final = 100


class Sinusoid:
    """Sine waves ``y = A sin(x - φ)`` to fit from a few points (Finn et al. 2017, section 5.1).

    A ~ U[0.1, 5], φ ~ U[0, π] and x ~ U[-5, 5]. A task's parameters are (A, φ). Training draws new tasks for every
    meta-batch. The two task lists are drawn from the same distribution.

    Args:
        seed: of the two lists.
        evaluation_tasks: length of each list.

    Attributes:
        train_tasks: tasks that choose the best checkpoint.
        test_tasks: held-out tasks.

    Raises:
        ValueError: the lists would be empty.
    """

    name = "sinusoid"
    input_size = 1
    output_size = 1

    def __init__(self, *, seed: int = 0, evaluation_tasks: int = 500) -> None:
        if evaluation_tasks < 1:
            raise ValueError(f"evaluation_tasks must be at least 1, not {evaluation_tasks}")
        lists = RandomKey(seed, 0, self.name)
        self.train_tasks: Sequence[Task] = _draw(evaluation_tasks, lists.child("train").numpy_generator(), "train")
        self.test_tasks: Sequence[Task] = _draw(evaluation_tasks, lists.child("test").numpy_generator(), "test")
        self._grid = _midpoints(_GRID)

    @classmethod
    def from_config(cls, config: SinusoidConfig) -> Self:
        """Makes the benchmark that a section of an experiment describes."""
        return cls(seed=config.seed, evaluation_tasks=config.evaluation_tasks)

    def draw_tasks(self, count: int, generator: np.random.Generator) -> list[Task]:
        """Draws new tasks from the training distribution."""
        return _draw(count, generator, "train")

    def draw_inputs(self, num_tasks: int, count: int, key: RandomKey) -> torch.Tensor:
        """Draws uniform inputs ``(num_tasks, count, 1)``, float32. Task i's do not depend on the number of tasks."""
        return key.uniform(num_tasks, (count, 1)).mul_(2 * _LARGEST_INPUT).sub_(_LARGEST_INPUT)

    def evaluation_inputs(self) -> torch.Tensor:
        """The midpoints of 100 equal parts of [-5, 5], ``(100, 1)``, float32. Their mean is nearly the integral."""
        return self._grid

    def targets(self, tasks: Sequence[Task], inputs: torch.Tensor) -> torch.Tensor:
        """``A sin(x - φ)`` at the inputs ``(tasks, count, 1)``, with their shape, dtype and device."""
        parameters = stack_parameters(tasks).to(inputs)
        amplitude, phase = parameters.view(-1, 2, 1, 1).unbind(1)
        return (inputs - phase).sin_().mul_(amplitude)

    def reference_scores(self, tasks: Sequence[Task], num_threads: int = 0) -> dict[str, dict[str, float]]:
        """Mean squared errors of two functions that ignore the task: the mean function of all tasks, and zero.

        The mean function has the least error of all such functions. The mean of ``A sin(x - φ)`` over A and φ is
        ``-(2/π) E[A] cos x``, with ``E[A] = 2.55``.
        """
        inputs = self._grid.double()
        targets = self.targets(tasks, inputs.expand(len(tasks), -1, -1))
        mean = -2 / math.pi * (sum(_AMPLITUDES) / 2) * inputs.cos()
        guesses = {"mean function": mean, "zero": torch.zeros_like(mean)}
        return {name: {"mse": (targets - guess).square().mean().item()} for name, guess in guesses.items()}


def _draw(count: int, generator: np.random.Generator, split: Split) -> list[Task]:
    low, high = zip(_AMPLITUDES, _PHASES, strict=True)
    drawn = generator.uniform(low, high, (count, 2)).tolist()
    return [Task(index, split, (amplitude, phase)) for index, (amplitude, phase) in enumerate(drawn)]


def _midpoints(count: int) -> torch.Tensor:
    return ((torch.arange(count) + 0.5) / count * 2 - 1).mul(_LARGEST_INPUT).unsqueeze(-1)
