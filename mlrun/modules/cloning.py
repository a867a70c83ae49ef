"""Copies of modules with other tensors in them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MethodType
from typing import Any

import torch
from torch import nn


def copy_with(root: nn.Module, tensors: Mapping[int, torch.Tensor]) -> nn.Module:
    """Copies a module and its submodules, and exchanges some of the tensors.

    A module or tensor that occurs in several places is one object in the copy too. Lists, tuples, dictionaries and sets
    are copied. Bound methods of the modules are bound to the copies. Everything else is shared.

    Args:
        root: the module, which is not changed.
        tensors: the new tensors, by the ``id`` of the old ones.
    """
    new: dict[int, Any] = dict(tensors)
    modules = list(root.modules())
    for module in modules:
        new[id(module)] = type(module).__new__(type(module))
    for module in modules:
        new[id(module)].__dict__.update({name: _copy_value(value, new) for name, value in module.__dict__.items()})
    return new[id(root)]


def cloned_tensors(module: nn.Module) -> dict[int, torch.Tensor]:
    """Clones of all parameters and buffers, by the ``id`` of the original. Gradients flow through the clones."""
    with torch.enable_grad():
        return {id(tensor): tensor.clone() for tensor in (*module.parameters(), *module.buffers())}


def exchange(root: nn.Module, tensors: Mapping[int, torch.Tensor]) -> None:
    """Replaces tensors in a module and its submodules, in place.

    Args:
        root: the module.
        tensors: the new tensors, by the ``id`` of the old ones.
    """
    for module in root.modules():
        _exchange_in_container(module.__dict__, tensors)


def _copy_value(value: Any, new: Mapping[int, Any]) -> Any:
    if isinstance(value, (torch.Tensor, nn.Module)):
        return new.get(id(value), value)
    if isinstance(value, MethodType) and id(value.__self__) in new:
        return MethodType(value.__func__, new[id(value.__self__)])
    if isinstance(value, (dict, list)):
        copied = copy.copy(value)
        for key, item in _items(value):
            copied[key] = _copy_value(item, new)
        return copied
    if isinstance(value, tuple):
        items = [_copy_value(item, new) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return copy.copy(value) if isinstance(value, set) else value


def _exchange_in_container(container: dict[Any, Any] | list[Any], tensors: Mapping[int, torch.Tensor]) -> None:
    for key, value in _items(container):
        if isinstance(value, torch.Tensor):
            container[key] = tensors.get(id(value), value)
        elif isinstance(value, (dict, list)):
            _exchange_in_container(value, tensors)
        elif isinstance(value, tuple):
            container[key] = _copy_value(value, tensors)


def _items(container: dict[Any, Any] | list[Any]) -> list[tuple[Any, Any]]:
    return list(container.items() if isinstance(container, dict) else enumerate(container))
