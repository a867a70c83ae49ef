"""Plain multilayer perceptrons, run for all tasks of a batch as products of batched matrices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import nn

_ELEMENTWISE = {
    nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.Identity, nn.LeakyReLU, nn.LogSigmoid,
    nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.Sigmoid, nn.SiLU, nn.Softplus, nn.Softsign, nn.Tanh, nn.Tanhshrink,
}  # fmt: skip
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def plain_layers(model: nn.Module) -> list[nn.Module] | None:
    """The layers of an ``nn.Sequential`` of linear layers, elementwise activations and flattenings, nested or not.

    None for every other module, and where a hook, a subclass or a replaced ``forward`` could do something else.
    """
    layers = list(_leaves(model))
    plain = all(type(layer) in _ELEMENTWISE | {nn.Linear, nn.Flatten} for layer in layers)
    ordinary = all(
        not any(getattr(module, hooks) for hooks in _HOOKS) and "forward" not in module.__dict__
        for module in model.modules()
    )
    return layers if isinstance(model, nn.Sequential) and plain and ordinary else None


def run_layers(
    layers: Sequence[nn.Module], names: Mapping[int, str], parameters: Mapping[str, torch.Tensor], inputs: torch.Tensor
) -> torch.Tensor:
    """The outputs ``(tasks, samples, ...)``.

    Args:
        layers: of `plain_layers`.
        names: of the layers' own parameters, by ``id``.
        parameters: each task's, ``(tasks, ...)``, by name.
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


def _leaves(model: nn.Module) -> Iterator[nn.Module]:
    if type(model) is not nn.Sequential:
        yield model
        return
    for child in model:
        yield from _leaves(child)


def _linear(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    rows = inputs.reshape(len(inputs), -1, inputs.shape[-1])
    weight = weight.transpose(1, 2)
    outputs = torch.bmm(rows, weight) if bias is None else torch.baddbmm(bias.unsqueeze(1), rows, weight)
    return outputs.reshape(*inputs.shape[:-1], outputs.shape[-1])


def _after_tasks(dimension: int) -> int:
    return dimension + 1 if dimension >= 0 else dimension
