"""The data of a batch of tasks: checks, the part of one task, and the parts of all tasks put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

Inputs = torch.Tensor | tuple[torch.Tensor, ...]
"""The inputs of a model: one tensor, or a tuple of tensors for a model with several positional arguments."""
LossFunction = Callable[[Any, Any], torch.Tensor]
"""Maps the outputs and the targets of one task to one number."""


def as_tuple(inputs: Inputs) -> tuple[torch.Tensor, ...]:
    """The positional arguments of the model."""
    return inputs if isinstance(inputs, tuple) else (inputs,)


def map_tensors(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """Applies a function to every tensor in nested containers, and keeps the containers.

    Args:
        function: takes one tensor of ``first`` and the items at the same place in ``others``.
        first: a tensor, or tuples, named tuples, lists and dictionaries of tensors, which may be nested.
        others: nested in the same way.

    Returns:
        The containers of ``first`` with the values of the function in place of the tensors.

    Raises:
        TypeError: something else than a tensor or such a container is in ``first``.
    """
    if isinstance(first, torch.Tensor):
        return function(first, *others)
    if isinstance(first, Mapping):
        return {name: map_tensors(function, part, *(other[name] for other in others)) for name, part in first.items()}
    if isinstance(first, (tuple, list)):
        parts = [map_tensors(function, *parts) for parts in zip(first, *others, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    raise TypeError(
        f"a model's outputs must be tensors, or tuples, lists or dictionaries of them, not {type(first).__name__}"
    )


def task_of(batch: Any, task: int) -> Any:
    """The part of one task, from tensors ``(tasks, ...)`` in nested containers."""
    return map_tensors(lambda tensor: tensor[task], batch)


def stack_tasks(parts: Sequence[Any]) -> Any:
    """The reverse of `task_of`: stacks the parts of all tasks to tensors ``(tasks, ...)``."""
    return map_tensors(lambda *tensors: torch.stack(tensors), *parts)


def checked_tasks(*tensors: Any) -> int:
    """The number of tasks in tensors ``(tasks, ...)``.

    Raises:
        TypeError: one of them is not a tensor.
        ValueError: the first dimensions differ, are missing, or are 0.
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
        TypeError: the data is not a pair.
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TypeError(f"a support or query set must be a pair (inputs, targets), not {type(data).__name__}")
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
