"""A module run for the tasks of a batch one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from mlrun.modules.batched import Inputs, call, each
from mlrun.modules.cloning import copy_with
from mlrun.modules.nested import stacked, task_of


def run_in_loop(model: nn.Module, state: Mapping[str, torch.Tensor], inputs: Inputs) -> Any:
    """The outputs ``(tasks, samples, ...)``.

    Args:
        model: stays as it is.
        state: every parameter, and any buffers, ``(tasks, ...)``, by name.
        inputs: ``(tasks, samples, ...)``.
    """
    rows = {
        name: tensor.unbind() for name, tensor in state.items()
    }  # indexing would fill a batch of zeros for each gradient
    parameters, buffers = dict(model.named_parameters()), dict(model.named_buffers())

    def of_task(task: int) -> Any:
        tensors = {id(old): rows[name][task] for name, old in parameters.items()}
        for name, old in buffers.items():
            tensors[id(old)] = (rows[name][task] if name in rows else old).clone()
        return call(copy_with(model, tensors), task_of(inputs, task))

    return stacked([of_task(task) for task in range(len(each(inputs)[0]))])
