"""A module run for all tasks of a batch at once, every task with its own parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.func import vmap

from mlrun.modules.cloning import copy_with, exchange
from mlrun.modules.gradient_step import checked_loss
from mlrun.modules.layers import plain_layers, run_layers
from mlrun.modules.nested import mapped

Inputs = torch.Tensor | tuple[torch.Tensor, ...]
"""What a model is called with: one tensor, or several as arguments in a row."""
LossFunction = Callable[[Any, Any], torch.Tensor]


class BatchedModule:
    """Calls a module with parameters ``(tasks, ...)`` and inputs ``(tasks, samples, ...)``.

    Plain perceptrons run as products of batched matrices, everything else through `torch.func.vmap`.

    Attributes:
        buffers: each task's own, ``(tasks, ...)``, by name; calls change them where the module changes its buffers.
    """

    def __init__(
        self, model: nn.Module, num_tasks: int, buffers: Mapping[str, torch.Tensor] | None = None, *, randomness: str
    ) -> None:
        """Starts from the module's buffers.

        Args:
            model: stays as it is.
            num_tasks: how many tasks there are.
            buffers: those in place of the module's, ``(tasks, ...)``, by name.
            randomness: what a random operation does, as in `torch.func.vmap`.
        """
        self._model = copy_with(model, {})  # what a forward pass leaves in attributes must not reach the model
        self._layers = plain_layers(self._model)
        self._names = {id(tensor): name for name, tensor in model.named_parameters()}
        self._randomness = randomness
        own = {name: buffer.expand(num_tasks, *buffer.shape) for name, buffer in model.named_buffers()}
        self.buffers = {name: buffer.clone() for name, buffer in (own | dict(buffers or {})).items()}

    def __call__(self, parameters: Mapping[str, torch.Tensor], inputs: Inputs) -> Any:
        """The outputs ``(tasks, samples, ...)``."""
        if self._layers is not None and isinstance(inputs, torch.Tensor):
            return run_layers(self._layers, self._names, parameters, inputs)
        return self._mapped(lambda outputs, _: outputs, parameters, inputs, ())

    def losses(
        self, parameters: Mapping[str, torch.Tensor], inputs: Inputs, targets: Any, loss_fn: LossFunction
    ) -> torch.Tensor:
        """Each task's loss, ``(tasks,)``.

        Raises:
            TypeError: ``loss_fn`` does not return a tensor.
            ValueError: it does not return one number.
        """

        def loss_of_task(outputs: Any, targets: Any) -> torch.Tensor:
            return checked_loss(loss_fn(outputs, targets)).reshape(())

        if self._layers is not None and isinstance(inputs, torch.Tensor):
            return vmap(loss_of_task, randomness=self._randomness)(self(parameters, inputs), targets)
        return self._mapped(loss_of_task, parameters, inputs, targets)

    def _mapped(
        self, finish: LossFunction, parameters: Mapping[str, torch.Tensor], inputs: Inputs, targets: Any
    ) -> Any:
        results = []

        def of_task(state: Mapping[str, torch.Tensor], inputs: Inputs, targets: Any) -> tuple[Any, Any]:
            own = _tensors(self._model)
            exchange(self._model, {id(own[name]): tensor for name, tensor in state.items()})
            try:
                result = finish(call(self._model, inputs), targets)
            finally:
                left = _tensors(self._model)
                exchange(self._model, {id(left[name]): tensor for name, tensor in own.items()})
            results.append(result)
            tensors: list[torch.Tensor] = []
            mapped(tensors.append, result)
            return tensors, {name: left[name] for name in self.buffers}

        run = vmap(of_task, randomness=self._randomness)
        tensors, self.buffers = run({**parameters, **self.buffers}, inputs, targets)
        rest = iter(tensors)
        return mapped(lambda _: next(rest), results[0])  # vmap itself knows fewer containers


def each(inputs: Inputs) -> tuple[torch.Tensor, ...]:
    """The inputs of a model with one or several of them."""
    return inputs if isinstance(inputs, tuple) else (inputs,)


def call(model: nn.Module, inputs: Inputs) -> Any:
    """The outputs for one task."""
    return model(*each(inputs))


def _tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return dict((*model.named_parameters(), *model.named_buffers()))
