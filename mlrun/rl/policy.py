"""Policies as pure functions of parameters that carry a leading task dimension."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import torch

from mlrun.learner import Memory
from mlrun.networks import MLP
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey


class PolicyInputs(NamedTuple):
    """What a policy sees: at one step ``(tasks, worlds, ...)``, or over sequences ``(tasks, steps, worlds, ...)``.

    The other three are None where the policy carries no memory, since then it has no use for them.

    Attributes:
        observations: ``(..., features)``.
        actions: what it did at the step before, ``(..., actions)``; zeros at the start of a trial.
        rewards: what it got for that, ``(...)``; zeros at the start of a trial.
        starts: whether an episode begins here, ``(...)`` bool.
    """

    observations: torch.Tensor
    actions: torch.Tensor | None = None
    rewards: torch.Tensor | None = None
    starts: torch.Tensor | None = None


class Policy(Protocol):
    """A stochastic policy: a distribution of actions, and a memory that goes from step to step."""

    @property
    def observation_size(self) -> int:
        """Features of an observation."""
        ...

    @property
    def action_size(self) -> int:
        """Components of an action."""
        ...

    def initial_parameters(
        self, key: RandomKey, center: torch.Tensor | None = None, dtype: torch.dtype = torch.float32
    ) -> Parameters:
        """Fresh meta-parameters, without a task dimension; the ``center`` is an observation to be sensitive around."""
        ...

    def initial_memory(self, parameters: Parameters, worlds: int) -> Memory:
        """What it remembers before a trial, ``(tasks, worlds, ...)``; empty for a policy without memory."""
        ...

    def step(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[DiagonalGaussian, Memory]:
        """The distribution of the next action, ``(tasks, worlds, actions)``, and the memory after this step."""
        ...

    def sequence(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> DiagonalGaussian:
        """What `step` gives at each step of sequences, ``(tasks, steps, worlds, actions)``, from the first memory on.

        It can be differentiated by the parameters.
        """
        ...


@runtime_checkable
class LayeredPolicy(Policy, Protocol):
    """A policy without memory whose mean is a network of layers: for gradient-based adaptation, and to look into."""

    @property
    def head(self) -> Sequence[str]:
        """Names of the last layer's parameters, and of those of the standard deviation."""
        ...

    @property
    def layers(self) -> Mapping[str, Sequence[str]]:
        """Names of the parameters of each layer."""
        ...

    def __call__(self, parameters: Parameters, observations: torch.Tensor) -> DiagonalGaussian:
        """Action distributions ``(tasks, samples, actions)`` at observations ``(tasks, samples, features)``."""
        ...

    def representations(self, parameters: Parameters, observations: torch.Tensor) -> dict[str, torch.Tensor]:
        """What every layer computes, ``(tasks, samples, units)``."""
        ...


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
    """A tanh network for the mean and a state-independent standard deviation; it remembers nothing.

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

    def initial_memory(self, parameters: Parameters, worlds: int) -> Memory:
        """Empty."""
        return {}

    def step(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[DiagonalGaussian, Memory]:
        """The distribution at the observations ``(tasks, worlds, features)``, and the memory as it is."""
        return self(parameters, inputs.observations), memory

    def sequence(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> DiagonalGaussian:
        """The distributions at all steps at once, ``(tasks, steps, worlds, actions)``."""
        flat = self(parameters, inputs.observations.flatten(1, 2))
        return DiagonalGaussian(flat.mean.unflatten(1, inputs.observations.shape[1:3]), flat.std.unsqueeze(-2))

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
