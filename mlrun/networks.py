"""Networks as pure functions of parameters that carry a leading task dimension."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import torch

from mlrun.config.schema import Activation
from mlrun.parameters import Parameters

_ACTIVATIONS: Final[dict[Activation, Callable[[torch.Tensor], torch.Tensor]]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "silu": torch.nn.functional.silu,
}


@dataclass(frozen=True)
class MLP:
    """A fully connected network with one activation between its layers and none after the last.

    The parameters of layer ``n``, from 0, are ``{prefix}{n}.weight``, ``(inputs, outputs)``, and ``{prefix}{n}.bias``.

    Attributes:
        sizes: features of the input, units of each hidden layer, features of the output.
        activation: "tanh", "relu" or "silu".
        prefix: the names of all parameters begin with it.
    """

    sizes: Sequence[int]
    activation: Activation
    prefix: str = ""

    @cached_property
    def layers(self) -> dict[str, tuple[str, str]]:
        """The names of each layer's weight and bias. The layers are "hidden 1", "hidden 2", ... and then "head"."""
        names = [*(f"hidden {layer}" for layer in range(1, len(self.sizes) - 1)), "head"]
        return {
            name: (f"{self.prefix}{layer}.weight", f"{self.prefix}{layer}.bias") for layer, name in enumerate(names)
        }

    @property
    def head(self) -> tuple[str, ...]:
        """Names of the last layer's parameters."""
        return self.layers["head"]

    def initial_parameters(self, generator: torch.Generator, dtype: torch.dtype = torch.float32) -> Parameters:
        """Parameters without a task dimension: Xavier-uniform weights (Glorot & Bengio 2010) and zero biases."""
        parameters: Parameters = {}
        for layer, (fan_in, fan_out) in enumerate(pairwise(self.sizes)):
            bound = math.sqrt(6 / (fan_in + fan_out))
            weight = torch.empty(fan_in, fan_out).uniform_(-bound, bound, generator=generator)
            parameters[f"{self.prefix}{layer}.weight"] = weight.to(dtype)
            parameters[f"{self.prefix}{layer}.bias"] = torch.zeros(fan_out, dtype=dtype)
        return parameters

    def __call__(self, parameters: Parameters, inputs: torch.Tensor) -> torch.Tensor:
        """Apply each task's own network to its own inputs.

        Args:
            parameters: tensors ``(tasks, ...)``.
            inputs: ``(tasks, samples, features)``.

        Returns:
            ``(tasks, samples, outputs)``.
        """
        return self.representations(parameters, inputs)["head"]

    def shared(self, parameters: Parameters, inputs: torch.Tensor) -> torch.Tensor:
        """Apply the network of the first task, which all tasks share, to inputs ``(..., features)``.

        Args:
            parameters: tensors ``(tasks, ...)``, the same for all tasks.
            inputs: of any shape.

        Returns:
            ``(..., outputs)``.
        """
        first = {name: parameters[name][:1] for layer in self.layers.values() for name in layer}
        return self(first, inputs.flatten(0, -2).unsqueeze(0)).view(*inputs.shape[:-1], -1)

    def representations(self, parameters: Parameters, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """The activations of every hidden layer and the outputs of the head, ``(tasks, samples, units)``, by layer."""
        activate = _ACTIVATIONS[self.activation]
        features, computed = inputs, {}
        for layer, (weight, bias) in self.layers.items():
            features = torch.baddbmm(parameters[bias].unsqueeze(-2), features, parameters[weight])
            if layer != "head":
                features = activate(features)
            computed[layer] = features
        return computed
