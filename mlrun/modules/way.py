"""All tasks at once, or one after the other: which is faster, and which is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import torch
from torch import nn

Way = Literal["auto", "batched", "loop"]
Result = TypeVar("Result")

BATCHED_WORK = 6_000_000
"""Parameters times samples per task and thread up to which a batch is faster than a loop on a CPU.

Batching saves the cost of starting operations, which counts where a task is small; where it is large, a loop is kinder
to the caches. Measured for a perceptron of 11 thousand parameters and 20 tasks: the times meet near 5 million on one
thread and 14 million on two.
"""
BATCHED_PARAMETERS = 100_000
"""Parameters above which a loop is faster on a CPU even with few samples: at 270 thousand it is, at 11 thousand not."""


def prefers_loop(model: nn.Module, inputs: torch.Tensor) -> bool:
    """Whether a loop over the tasks is faster for inputs ``(tasks, samples, ...)``.

    On a GPU it never is. On a CPU it is above `BATCHED_WORK` and `BATCHED_PARAMETERS`, and for
    convolutions, which are slow in groups.
    """
    if inputs.device.type != "cpu":
        return False
    samples = inputs.shape[1] if inputs.dim() > 1 else 1
    parameters = sum(tensor.numel() for tensor in model.parameters())
    convolutions = any(isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d)) for module in model.modules())
    too_much = parameters * samples > BATCHED_WORK * torch.get_num_threads()
    return convolutions or too_much or parameters > BATCHED_PARAMETERS


def take(way: Way, prefers_loop: bool, batched: Callable[[str], Result], loop: Callable[[], Result]) -> Result:
    """The result of one of the two, which agree.

    Args:
        way: "batched" or "loop", or "auto" for the faster one, or the loop where batching fails.
        prefers_loop: whether the loop is the faster one.
        batched: takes what a random operation does, as in `torch.func.vmap`.
        loop: works with every module.
    """
    if way not in ("auto", "batched", "loop"):
        raise ValueError(f"way must be 'auto', 'batched' or 'loop', not {way!r}")
    if way == "batched":
        return batched("different")
    if way == "auto" and not prefers_loop:
        try:
            return batched("error")
        except RuntimeError:  # a mistake of the caller's comes up again in the loop, without vmap around it
            pass
    return loop()


def checked_tasks(*tensors: Any) -> int:
    """The number of tasks.

    Raises:
        TypeError: something is not a tensor.
        ValueError: they have no leading task dimension of one size.
    """
    for tensor in tensors:
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"what is given for all tasks must be tensors (tasks, ...), not {type(tensor).__name__}")
    sizes = {tensor.shape[0] if tensor.dim() else 0 for tensor in tensors}
    if len(sizes) != 1 or 0 in sizes:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors)
        raise ValueError(f"tensors must begin with one and the same number of tasks, not {shapes}")
    return sizes.pop()


def checked_pair(data: Any) -> tuple[Any, Any]:
    """Inputs and targets.

    Raises:
        TypeError: it is not a pair.
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TypeError(f"what tasks are learned from must be a pair (inputs, targets), not {type(data).__name__}")
    inputs, targets = data
    return inputs, targets


def checked_steps(steps: int) -> int:
    """The number of gradient steps.

    Raises:
        ValueError: it is below 1.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, not {steps}")
    return steps
