"""Checks of what users pass to an environment: tasks, actions, reset options, and modes."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from mlrun.benchmarks.metaworld.family import TaskFamily
from mlrun.benchmarks.task import Task
from mlrun.registry import closest_match

TASK_SIZE: Final = 6

AnyTask = Task | int | ArrayLike
"""A task as users pass it: a `Task`, its index in the environment's list, or its 6 numbers."""


class TaskList:
    """The tasks that an environment draws from.

    Args:
        family: gives the bounds of a task's numbers.
        tasks: one or more.

    Raises:
        ValueError: a task is not one of this family.
    """

    def __init__(self, family: TaskFamily, tasks: Sequence[Task]):
        self._low, self._high = np.array(family.parameters_low), np.array(family.parameters_high)
        self._listed = np.stack([self._numbers(task) for task in tasks])

    def draw(self, random: np.random.Generator) -> NDArray[np.float64]:
        """Draws a task, all with equal probability. Returns its numbers ``(6,)``."""
        return self._listed[random.integers(len(self._listed))]

    def parameters(self, task: AnyTask) -> NDArray[np.float64]:
        """The numbers of a task, ``(6,)``: puck xyz and goal xyz, in metres.

        Raises:
            ValueError: the index is not in the list, there are not 6 numbers, or a number is out of bounds.
        """
        if isinstance(task, int | np.integer) and not isinstance(task, bool):
            if not 0 <= task < len(self._listed):
                raise ValueError(f"task must be an index from 0 to {len(self._listed) - 1}, not {task}")
            return self._listed[task]
        return self._numbers(task)

    def _numbers(self, task: Task | ArrayLike) -> NDArray[np.float64]:
        numbers = np.array(task.parameters if isinstance(task, Task) else task, dtype=np.float64)
        if numbers.shape != (TASK_SIZE,):
            raise ValueError(
                f"task must be a Task or its {TASK_SIZE} numbers, puck xyz and goal xyz, not shape {numbers.shape}"
            )
        for index in np.flatnonzero(~((self._low <= numbers) & (numbers <= self._high))):
            low, high = self._low[index], self._high[index]
            raise ValueError(f"task[{index}] must be from {low} to {high} metres, not {numbers[index]}")
        return numbers


def checked_action(action: ArrayLike, shape: tuple[int, ...]) -> Tensor:
    """A copy of the action. float32 stays, because Meta-World scales it in that precision; others become float64.

    Raises:
        ValueError: the shape is not `shape`, or a number is not finite.
    """
    array = np.asarray(action)
    if array.shape != shape:
        raise ValueError(f"action must have shape {shape}, not {array.shape}")
    array = np.array(array, dtype=np.float32 if array.dtype == np.float32 else np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"action must be finite, not {array[~np.isfinite(array)][0]}")
    return torch.from_numpy(array)


def checked_options(options: dict[str, Any] | None, known: Collection[str]) -> dict[str, Any]:
    """The options of a reset; empty for None.

    Raises:
        ValueError: an option is not `known`. Ignoring it could start an episode of the wrong task.
    """
    for name in (options or {}).keys() - set(known):
        guess = closest_match(str(name), known)
        suggestion = f"; did you mean {guess!r}?" if guess else ""
        raise ValueError(f"unknown reset option {name!r}{suggestion} (choices: {', '.join(map(repr, known))})")
    return options or {}


def checked_render_mode(render_mode: str | None) -> str | None:
    """The render mode.

    Raises:
        ValueError: it is neither None nor "rgb_array".
    """
    if render_mode not in (None, "rgb_array"):
        raise ValueError(f"render_mode must be None or 'rgb_array', not {render_mode!r}")
    return render_mode


def checked_autoreset_mode(mode: str | AutoresetMode) -> AutoresetMode:
    """The autoreset mode.

    Raises:
        ValueError: it is not one of gymnasium's, nor the value of one.
    """
    try:
        return AutoresetMode(mode)
    except ValueError:
        choices = ", ".join(repr(choice.value) for choice in AutoresetMode)
        raise ValueError(f"autoreset_mode must be one of {choices}, not {mode!r}") from None
