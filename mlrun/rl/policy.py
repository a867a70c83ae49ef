"""Gaussian policies as pure functions of parameters that carry a leading task dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from mlrun.networks import MLP
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey


@dataclass(frozen=True)
class DiagonalGaussian:
    """Independent normal action components.

    Attributes:
        mean: ``(tasks, samples, actions)``.
        std: broadcasts against ``mean``.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def log_prob(self, actions: torch.Tensor) -> torch.Tensor:
        """Joint log-density ``(tasks, samples)``: summed, not averaged, over the action components."""
        standardised = (actions - self.mean) / self.std
        return (-0.5 * standardised.square() - self.std.log() - 0.5 * math.log(2 * math.pi)).sum(-1)

    def kl_from(self, reference: DiagonalGaussian) -> torch.Tensor:
        """KL(reference || self), ``(tasks, samples)``: summed over the action components."""
        ratio = (reference.std / self.std).square()
        distance = ((reference.mean - self.mean) / self.std).square()
        return 0.5 * (ratio + distance - 1 - ratio.log()).sum(-1)


@dataclass(frozen=True)
class GaussianMLPPolicy:
    """A tanh network for the mean and a state-independent standard deviation.

    The standard deviation is ``min_std + exp(log_std)``: floored, and with a gradient everywhere, where a clamp
    would leave a component at the floor with none.

    Attributes:
        observation_size: features of an observation.
        action_size: components of an action.
        hidden_sizes: units of each hidden layer.
        initial_std: standard deviation at initialisation, above ``min_std``.
        min_std: floor of the standard deviation.
        input_scale: factor on the first layer's initial weights, for observations that vary by much less than 1.
    """

    observation_size: int
    action_size: int
    hidden_sizes: Sequence[int]
    initial_std: float
    min_std: float
    input_scale: float = 1.0

    @property
    def head(self) -> tuple[str, ...]:
        """Names of the last layer's parameters: those of the mean's, and the standard deviation's."""
        return (*self._network.head, "log_std")

    @property
    def layers(self) -> dict[str, tuple[str, ...]]:
        """Names of the parameters of each layer of the mean's network; the standard deviation's stand by themselves."""
        return {**self._network.layers, "log_std": ("log_std",)}

    def initial_parameters(
        self, key: RandomKey, center: torch.Tensor | None = None, dtype: torch.dtype = torch.float32
    ) -> Parameters:
        """Meta-parameters without a task dimension: Xavier-uniform weights and zero biases.

        Args:
            key: of the weights.
            center: ``(observation_size,)``, an observation at which every hidden unit should be at rest; zeros if None.
                Scaled weights would otherwise saturate units by what all observations have in common.
            dtype: of the parameters.
        """
        parameters = self._network.initial_parameters(key.generator(), dtype)
        first = parameters["mean.0.weight"].mul_(self.input_scale)
        if center is not None:
            parameters["mean.0.bias"] -= center.to(dtype) @ first
        log_std = math.log(self.initial_std - self.min_std)
        parameters["log_std"] = torch.full((self.action_size,), log_std, dtype=dtype)
        return parameters

    def __call__(self, parameters: Parameters, observations: torch.Tensor) -> DiagonalGaussian:
        """Action distributions of every task's own weights.

        Args:
            parameters: tensors ``(tasks, ...)``.
            observations: ``(tasks, samples, observation_size)``.
        """
        return DiagonalGaussian(self.mean(parameters, observations), self.std(parameters).unsqueeze(-2))

    def mean(self, parameters: Parameters, observations: torch.Tensor) -> torch.Tensor:
        """The mean actions alone, ``(tasks, samples, actions)``."""
        return self._network(parameters, observations)

    def representations(self, parameters: Parameters, observations: torch.Tensor) -> dict[str, torch.Tensor]:
        """What every layer of the mean's network computes, ``(tasks, samples, units)``; the head, the mean actions."""
        return self._network.representations(parameters, observations)

    def std(self, parameters: Parameters) -> torch.Tensor:
        """The standard deviations, which no observation changes, ``(tasks, actions)``."""
        return self.min_std + parameters["log_std"].exp()

    @cached_property
    def _network(self) -> MLP:
        return MLP((self.observation_size, *self.hidden_sizes, self.action_size), "tanh", prefix="mean.")
