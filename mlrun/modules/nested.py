"""Tensors in tuples, lists and dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch


def mapped(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """What ``first`` is made of, with the values of a function of its tensors in their places.

    Args:
        function: takes a tensor of ``first`` and those in the same place of ``others``.
        first: a tensor, or tuples (also named ones), lists and dictionaries of them, nested or not.
        others: made of the same containers.

    Raises:
        TypeError: something else is in there.
    """
    if isinstance(first, torch.Tensor):
        return function(first, *others)
    if isinstance(first, Mapping):
        return {name: mapped(function, part, *(other[name] for other in others)) for name, part in first.items()}
    if isinstance(first, (tuple, list)):
        parts = [mapped(function, *parts) for parts in zip(first, *others, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    raise TypeError(
        f"a model's outputs must be tensors, or tuples, lists or dictionaries of them, not {type(first).__name__}"
    )


def task_of(batch: Any, task: int) -> Any:
    """One task's part of tensors ``(tasks, ...)``."""
    return mapped(lambda tensor: tensor[task], batch)


def stacked(results: Sequence[Any]) -> Any:
    """The reverse of `task_of`, from the parts of all tasks."""
    return mapped(lambda *tensors: torch.stack(tensors), *results)
