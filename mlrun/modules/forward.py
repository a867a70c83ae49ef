"""Runs a model for every task of a batch, where each task has its own parameters: all at once or in a loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.func import vmap

from mlrun.modules.cloning import copy_with, exchange
from mlrun.modules.gradient_step import checked_loss
from mlrun.modules.task_data import Inputs, LossFunction, as_tuple, map_tensors, stack_tasks, task_of

_ELEMENTWISE = {
    nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.Identity, nn.LeakyReLU, nn.LogSigmoid,
    nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.Sigmoid, nn.SiLU, nn.Softplus, nn.Softsign, nn.Tanh, nn.Tanhshrink,
}  # fmt: skip
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class BatchedModule:
    """A model that runs for all tasks at once, with parameters ``(tasks, ...)`` and inputs ``(tasks, samples, ...)``.

    Plain perceptrons run as products of batched matrices. All other models run through `torch.func.vmap`.

    Attributes:
        buffers: the buffers of every task, ``(tasks, ...)``, by name. Every call updates them if the model changes its
            buffers.
    """

    def __init__(
        self, model: nn.Module, num_tasks: int, buffers: Mapping[str, torch.Tensor] | None = None, *, randomness: str
    ) -> None:
        """Copies the model.

        Args:
            model: is not changed.
            num_tasks: the number of tasks.
            buffers: start values ``(tasks, ...)`` by name. The other buffers start with the values in the model.
            randomness: what random operations do, as in `torch.func.vmap`.
        """
        self._model = copy_with(model, {})  # a forward pass may set attributes, which must not reach the user's model
        self._layers = plain_layers(self._model)
        self._names = {id(tensor): name for name, tensor in model.named_parameters()}
        self._randomness = randomness
        own = {name: buffer.expand(num_tasks, *buffer.shape) for name, buffer in model.named_buffers()}
        self.buffers = {name: buffer.clone() for name, buffer in (own | dict(buffers or {})).items()}

    def __call__(self, parameters: Mapping[str, torch.Tensor], inputs: Inputs) -> Any:
        """The outputs ``(tasks, samples, ...)``."""
        if self._layers is not None and isinstance(inputs, torch.Tensor):
            return _run_layers(self._layers, self._names, parameters, inputs)
        return self._vmapped(lambda outputs, _: outputs, parameters, inputs, ())

    def losses(
        self, parameters: Mapping[str, torch.Tensor], inputs: Inputs, targets: Any, loss_fn: LossFunction
    ) -> torch.Tensor:
        """The loss of every task, ``(tasks,)``.

        Raises:
            TypeError: ``loss_fn`` does not return a tensor.
            ValueError: ``loss_fn`` does not return one number.
        """

        def loss_of_task(outputs: Any, targets: Any) -> torch.Tensor:
            return checked_loss(loss_fn(outputs, targets)).reshape(())

        if self._layers is not None and isinstance(inputs, torch.Tensor):
            return vmap(loss_of_task, randomness=self._randomness)(self(parameters, inputs), targets)
        return self._vmapped(loss_of_task, parameters, inputs, targets)

    def _vmapped(
        self, finish: LossFunction, parameters: Mapping[str, torch.Tensor], inputs: Inputs, targets: Any
    ) -> Any:
        """Runs the model and then ``finish(outputs, targets)`` through vmap, and updates the buffers."""
        results = []

        def run_task(state: Mapping[str, torch.Tensor], inputs: Inputs, targets: Any) -> tuple[Any, Any]:
            own = _tensors(self._model)
            exchange(self._model, {id(own[name]): tensor for name, tensor in state.items()})
            try:
                result = finish(call(self._model, inputs), targets)
            finally:
                left = _tensors(self._model)
                exchange(self._model, {id(left[name]): tensor for name, tensor in own.items()})
            results.append(result)
            tensors: list[torch.Tensor] = []
            map_tensors(tensors.append, result)
            return tensors, {name: left[name] for name in self.buffers}

        run = vmap(run_task, randomness=self._randomness)
        tensors, self.buffers = run({**parameters, **self.buffers}, inputs, targets)
        # vmap knows fewer containers than we allow, so it returns a list, and the containers come from the result.
        rest = iter(tensors)
        return map_tensors(lambda _: next(rest), results[0])


def run_in_loop(model: nn.Module, state: Mapping[str, torch.Tensor], inputs: Inputs) -> Any:
    """Runs a model for one task after the other.

    Args:
        model: is not changed.
        state: the parameters and, if a task has its own, buffers: ``(tasks, ...)``, by name.
        inputs: ``(tasks, samples, ...)``.

    Returns:
        The outputs ``(tasks, samples, ...)``.
    """
    # The backward pass of an index would fill a whole batch with zeros for each task; that of unbind does not.
    rows = {name: tensor.unbind() for name, tensor in state.items()}
    parameters, buffers = dict(model.named_parameters()), dict(model.named_buffers())

    def run_task(task: int) -> Any:
        tensors = {id(old): rows[name][task] for name, old in parameters.items()}
        for name, old in buffers.items():
            tensors[id(old)] = (rows[name][task] if name in rows else old).clone()
        return call(copy_with(model, tensors), task_of(inputs, task))

    return stack_tasks([run_task(task) for task in range(len(as_tuple(inputs)[0]))])


def call(model: nn.Module, inputs: Inputs) -> Any:
    """The outputs of a model for one task."""
    return model(*as_tuple(inputs))


def plain_layers(model: nn.Module) -> list[nn.Module] | None:
    """The layers of a plain perceptron, or None for every other model.

    A plain perceptron is an ``nn.Sequential`` of linear layers, elementwise activations and flattenings. It may contain
    such an ``nn.Sequential``. A model with a hook, a subclass or a replaced ``forward`` is not plain, because these
    could do something else.
    """
    layers = list(_leaves(model))
    plain = all(type(layer) in _ELEMENTWISE | {nn.Linear, nn.Flatten} for layer in layers)
    ordinary = all(
        not any(getattr(module, hooks) for hooks in _HOOKS) and "forward" not in module.__dict__
        for module in model.modules()
    )
    return layers if isinstance(model, nn.Sequential) and plain and ordinary else None


def _leaves(model: nn.Module) -> Iterator[nn.Module]:
    if type(model) is not nn.Sequential:
        yield model
        return
    for child in model:
        yield from _leaves(child)


def _run_layers(
    layers: Sequence[nn.Module], names: Mapping[int, str], parameters: Mapping[str, torch.Tensor], inputs: torch.Tensor
) -> torch.Tensor:
    """The outputs ``(tasks, samples, ...)``.

    Args:
        layers: from `plain_layers`.
        names: the names of the layers' own parameters, by their ``id``.
        parameters: ``(tasks, ...)``, by name.
        inputs: ``(tasks, samples, ...)``.
    """
    for layer in layers:
        if isinstance(layer, nn.Linear):
            bias = None if layer.bias is None else parameters[names[id(layer.bias)]]
            inputs = _linear(inputs, parameters[names[id(layer.weight)]], bias)
        elif isinstance(layer, nn.Flatten):
            inputs = inputs.flatten(_after_tasks(layer.start_dim), _after_tasks(layer.end_dim))
        else:
            inputs = layer(inputs)
    return inputs


def _linear(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    rows = inputs.reshape(len(inputs), -1, inputs.shape[-1])
    weight = weight.transpose(1, 2)
    outputs = torch.bmm(rows, weight) if bias is None else torch.baddbmm(bias.unsqueeze(1), rows, weight)
    return outputs.reshape(*inputs.shape[:-1], outputs.shape[-1])


def _after_tasks(dimension: int) -> int:
    """A dimension of the user's tensors, counted in tensors with a leading task dimension."""
    return dimension + 1 if dimension >= 0 else dimension


def _tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return dict((*model.named_parameters(), *model.named_buffers()))
