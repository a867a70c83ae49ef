"""Policies as pure functions of parameters with a leading task dimension."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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

    A policy without a memory needs only the observations. Then the others are None.

    Attributes:
        observations: ``(..., features)``.
        actions: the actions of the step before, ``(..., actions)``; zeros at the start of a trial.
        rewards: the rewards of the step before, ``(...)``; zeros at the start of a trial.
        starts: whether this is the first step of an episode, ``(...)`` bool.
    """

    observations: torch.Tensor
    actions: torch.Tensor | None = None
    rewards: torch.Tensor | None = None
    starts: torch.Tensor | None = None

    @classmethod
    def joined(cls, parts: Sequence[PolicyInputs]) -> PolicyInputs:
        """The inputs of sequences ``(tasks, steps, worlds, ...)`` that follow one another in time."""
        observations = torch.cat([part.observations for part in parts], 1)
        others = zip(*(part[1:] for part in parts), strict=True)
        return cls(observations, *(None if column[0] is None else torch.cat(column, 1) for column in others))

    def map(self, function: Callable[[torch.Tensor], torch.Tensor]) -> PolicyInputs:
        """The results of a function of each of the tensors."""
        return PolicyInputs(
            function(self.observations), *(None if part is None else function(part) for part in self[1:])
        )


class Policy(Protocol):
    """A stochastic policy: it gives a distribution of actions, and updates a memory at each step."""

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
        """Fresh meta-parameters, without a task dimension.

        Args:
            key: for the weights.
            center: ``(observation_size,)``, a typical observation. The policy should be sensitive near it.
            dtype: of the parameters.
        """
        ...

    def initial_memory(self, parameters: Parameters, worlds: int) -> Memory:
        """The memory at the start of a trial, ``(tasks, worlds, ...)``; empty for a policy without a memory."""
        ...

    def step(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[DiagonalGaussian, Memory]:
        """The distribution of the next action, ``(tasks, worlds, actions)``, and the memory after this step."""
        ...

    def sequence(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> DiagonalGaussian:
        """The distributions that `step` gives at each step of sequences, ``(tasks, steps, worlds, actions)``.

        They are differentiable with respect to the parameters.

        Args:
            parameters: tensors ``(tasks, ...)``.
            inputs: ``(tasks, steps, worlds, ...)``.
            memory: the memory before the first step, ``(tasks, worlds, ...)``.
        """
        ...


@dataclass(frozen=True)
class WithoutRewards:
    """A policy that sees zeros in the place of rewards: what is left of its adaptation is not due to them.

    Attributes:
        policy: the policy itself.
    """

    policy: Policy

    @property
    def observation_size(self) -> int:
        """Features of an observation."""
        return self.policy.observation_size

    @property
    def action_size(self) -> int:
        """Components of an action."""
        return self.policy.action_size

    def initial_parameters(
        self, key: RandomKey, center: torch.Tensor | None = None, dtype: torch.dtype = torch.float32
    ) -> Parameters:
        """Those of the policy."""
        return self.policy.initial_parameters(key, center, dtype)

    def initial_memory(self, parameters: Parameters, worlds: int) -> Memory:
        """That of the policy."""
        return self.policy.initial_memory(parameters, worlds)

    def step(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[DiagonalGaussian, Memory]:
        """What the policy gives if all rewards are 0."""
        return self.policy.step(parameters, _without_rewards(inputs), memory)

    def sequence(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> DiagonalGaussian:
        """What the policy gives if all rewards are 0."""
        return self.policy.sequence(parameters, _without_rewards(inputs), memory)


def _without_rewards(inputs: PolicyInputs) -> PolicyInputs:
    return inputs if inputs.rewards is None else inputs._replace(rewards=torch.zeros_like(inputs.rewards))


@runtime_checkable
class HasKnowledge(Protocol):
    """A policy that says which features of its memory can hold what it knows of the task, for explanation."""

    def knowledge(self, parameters: Parameters, memory: Memory) -> torch.Tensor:
        """Those features, ``(tasks, worlds, features)``."""
        ...


@runtime_checkable
class LayeredPolicy(Policy, Protocol):
    """A policy without a memory whose mean is a network of layers, for gradient-based adaptation and explanation."""

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
        """The outputs of every layer, ``(tasks, samples, units)``, by layer."""
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
    """A tanh network for the mean, and a standard deviation that no observation changes. It has no memory.

    The standard deviation is ``min_std + exp(log_std)``. It is above ``min_std`` and has a gradient everywhere. A
    clamp at ``min_std`` would have no gradient there.

    Attributes:
        observation_size: features of an observation.
        action_size: components of an action.
        hidden_sizes: units of each hidden layer.
        initial_std: standard deviation at initialisation, above ``min_std``.
        min_std: lower bound of the standard deviation.
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
        """Names of the parameters of the mean's last layer, and of the standard deviation."""
        return (*self._network.head, "log_std")

    @property
    def layers(self) -> dict[str, tuple[str, ...]]:
        """Names of the parameters of each layer of the mean's network. The standard deviation is a layer of its own."""
        return {**self._network.layers, "log_std": ("log_std",)}

    def initial_parameters(
        self, key: RandomKey, center: torch.Tensor | None = None, dtype: torch.dtype = torch.float32
    ) -> Parameters:
        """Meta-parameters without a task dimension: Xavier-uniform weights and zero biases.

        Args:
            key: for the weights.
            center: ``(observation_size,)``, an observation at which every unit of the first layer is 0; zeros if None.
                Without it, what all observations have in common would saturate the units through the scaled weights.
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
        """Action distributions of each task's own policy.

        Args:
            parameters: tensors ``(tasks, ...)``.
            observations: ``(tasks, samples, observation_size)``.
        """
        return DiagonalGaussian(self.mean(parameters, observations), self.std(parameters).unsqueeze(-2))

    def initial_memory(self, parameters: Parameters, worlds: int) -> Memory:
        """Empty."""
        return {}

    def step(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[DiagonalGaussian, Memory]:
        """The distribution at the observations ``(tasks, worlds, features)``, and the memory unchanged."""
        return self(parameters, inputs.observations), memory

    def sequence(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> DiagonalGaussian:
        """The distributions at all steps at once, ``(tasks, steps, worlds, actions)``."""
        flat = self(parameters, inputs.observations.flatten(1, 2))
        return DiagonalGaussian(flat.mean.unflatten(1, inputs.observations.shape[1:3]), flat.std.unsqueeze(-2))

    def mean(self, parameters: Parameters, observations: torch.Tensor) -> torch.Tensor:
        """The mean actions alone, ``(tasks, samples, actions)``."""
        return self._network(parameters, observations)

    def representations(self, parameters: Parameters, observations: torch.Tensor) -> dict[str, torch.Tensor]:
        """The outputs of each layer of the mean's network, ``(tasks, samples, units)``. The head's are the means."""
        return self._network.representations(parameters, observations)

    def std(self, parameters: Parameters) -> torch.Tensor:
        """The standard deviations, ``(tasks, actions)``. They do not depend on the observation."""
        return self.min_std + parameters["log_std"].exp()

    @cached_property
    def _network(self) -> MLP:
        return MLP((self.observation_size, *self.hidden_sizes, self.action_size), "tanh", prefix="mean.")
