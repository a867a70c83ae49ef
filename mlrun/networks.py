"""Networks as pure functions of parameters that carry a leading task dimension."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import torch

from mlrun.config.schema import Activation
from mlrun.parameters import Parameters

_ACTIVATIONS: Final[dict[Activation, Callable[[torch.Tensor], torch.Tensor]]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
}


@dataclass(frozen=True)
class MLP:
    """A fully connected network with one activation between its layers and none after the last.

    The parameters of layer ``n``, from 0, are ``{prefix}{n}.weight``, ``(inputs, outputs)``, and ``{prefix}{n}.bias``.

    Attributes:
        sizes: features of the input, units of each hidden layer, features of the output.
        activation: "tanh" or "relu".
        prefix: of the parameters' names.
    """

    sizes: Sequence[int]
    activation: Activation
    prefix: str = ""

    @property
    def head(self) -> tuple[str, ...]:
        """Names of the last layer's parameters."""
        last = len(self.sizes) - 2
        return f"{self.prefix}{last}.weight", f"{self.prefix}{last}.bias"

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
        """Every task's own network on its own inputs.

        Args:
            parameters: tensors ``(tasks, ...)``.
            inputs: ``(tasks, samples, features)``.

        Returns:
            ``(tasks, samples, outputs)``.
        """
        activate = _ACTIVATIONS[self.activation]
        features = inputs
        for layer in range(len(self.sizes) - 1):
            if layer > 0:
                features = activate(features)
            bias = parameters[f"{self.prefix}{layer}.bias"].unsqueeze(-2)
            features = torch.baddbmm(bias, features, parameters[f"{self.prefix}{layer}.weight"])
        return features
