"""A recurrent network over what a policy sees, and the recurrent policy that is made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import torch
from torch import nn

from mlrun.learner import Memory
from mlrun.networks import MLP
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.policy import DiagonalGaussian, PolicyInputs
from mlrun.rl.reward_inputs import RewardInputs

Cell = Literal["gru", "lstm"]


@dataclass(frozen=True)
class RecurrentNetwork:
    """A GRU or LSTM, and a tanh network from its state and the observation to the outputs.

    The inputs of each step are the observation, the last action, the last reward, and whether an episode starts
    (Duan et al. 2016), and maybe the change between the last two rewards of the episode. All tasks share the weights.
    Only their memories differ.

    The parameter ``{prefix}center``, an observation, is subtracted from all observations. It is constant: no loss
    depends on it.

    Attributes:
        observation_size: features of an observation.
        action_size: components of an action.
        output_size: features of the output.
        cell: "gru" or "lstm", torch's own.
        memory_size: units of the recurrent network.
        hidden_sizes: units of each hidden layer between the recurrent network and the outputs.
        input_scale: factor on observations, for those that vary by much less than 1.
        rewards: the forms of the rewards that are seen.
        prefix: the names of all parameters begin with it.
    """

    observation_size: int
    action_size: int
    output_size: int
    cell: Cell = "gru"
    memory_size: int = 128
    hidden_sizes: tuple[int, ...] = (128,)
    input_scale: float = 1.0
    rewards: RewardInputs = field(default_factory=RewardInputs)
    prefix: str = ""

    def initial_parameters(
        self, generator: torch.Generator, center: torch.Tensor | None = None, dtype: torch.dtype = torch.float32
    ) -> Parameters:
        """Parameters without a task dimension. The recurrent weights are uniform, as torch initialises them.

        Args:
            generator: for the weights.
            center: ``(observation_size,)``, a typical observation; zeros if None.
            dtype: of the parameters.
        """
        bound = 1 / math.sqrt(self.memory_size)
        recurrent = {
            f"{self.prefix}recurrent.{name}": torch.empty(weight.shape).uniform_(-bound, bound, generator=generator)
            for name, weight in self._recurrent.named_parameters()
        }
        center = torch.zeros(self.observation_size) if center is None else center
        return {
            f"{self.prefix}center": center.to(dtype, copy=True),
            **{name: weight.to(dtype) for name, weight in recurrent.items()},
            **self._head.initial_parameters(generator, dtype),
        }

    def initial_memory(self, parameters: Parameters, worlds: int) -> Memory:
        """Zeros, ``(tasks, worlds, memory_size)`` each, and that there was no last reward.

        Raises:
            ValueError: the weights differ between tasks.
        """
        if any(tensor.stride(0) and bool((tensor != tensor[:1]).any()) for tensor in parameters.values()):
            raise ValueError("all tasks must share the weights of a recurrent network: it adapts by its memory")
        like = parameters[f"{self.prefix}center"]
        zeros = like.new_zeros(len(like), worlds, self.memory_size)
        nothing = like.new_zeros(len(like), worlds, self.rewards.size)
        return {
            **{f"{self.prefix}{name}": zeros for name in self._states},
            f"{self.prefix}reward": nothing,
            f"{self.prefix}started": torch.ones_like(nothing[..., :1]),
        }

    def step(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """The outputs of one step, ``(tasks, worlds, outputs)``, and the memory after it."""
        inputs = inputs.map(lambda part: part.unsqueeze(1))
        observations, features, reward = self._features(parameters, inputs, memory)
        observations, features = observations[:, 0], features[:, 0]
        tasks, worlds, _ = features.shape
        states = [memory[f"{self.prefix}{name}"].flatten(0, 1) for name in self._states]
        weights = [self._own(parameters, f"recurrent.{name}") for name in self._weight_names]
        if self.cell == "gru":
            states = [torch.gru_cell(features.flatten(0, 1), states[0], *weights)]
        else:
            states = list(torch.lstm_cell(features.flatten(0, 1), states, *weights))
        new = {
            f"{self.prefix}{name}": state.view(tasks, worlds, -1)
            for name, state in zip(self._states, states, strict=True)
        }
        return self._outputs(parameters, new[f"{self.prefix}hidden"], observations), {**memory, **new, **reward}

    def sequence(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """What `step` gives over sequences: the outputs ``(tasks, steps, worlds, outputs)`` and the last memory.

        They are differentiable with respect to the parameters.

        Args:
            parameters: tensors ``(tasks, ...)``.
            inputs: ``(tasks, steps, worlds, ...)``.
            memory: before the first step, ``(tasks, worlds, ...)``.
        """
        observations, features, reward = self._features(parameters, inputs, memory)
        tasks, _, worlds, _ = features.shape
        weights = {name: self._own(parameters, f"recurrent.{name}") for name in self._weight_names}
        states = [memory[f"{self.prefix}{name}"].flatten(0, 1).unsqueeze(0).contiguous() for name in self._states]
        first = states[0] if self.cell == "gru" else tuple(states)
        by_step = features.transpose(0, 1).flatten(1, 2)  # (steps, tasks * worlds, features)
        hidden, last = torch.func.functional_call(self._recurrent, weights, (by_step, first))
        new = {
            f"{self.prefix}{name}": state[0].view(tasks, worlds, -1)
            for name, state in zip(self._states, (last,) if self.cell == "gru" else last, strict=True)
        }
        outputs = self._outputs(parameters, hidden.unflatten(1, (tasks, worlds)).transpose(0, 1), observations)
        return outputs, {**memory, **new, **reward}

    def state(self, memory: Memory) -> torch.Tensor:
        """The state of the recurrent network, ``(tasks, worlds, units)``; of an LSTM, the hidden one and the cell's."""
        return torch.cat([memory[f"{self.prefix}{name}"] for name in self._states], -1)

    def _features(
        self, parameters: Parameters, inputs: PolicyInputs, memory: Memory
    ) -> tuple[torch.Tensor, torch.Tensor, Memory]:
        """The scaled observations, all inputs of the recurrent network, ``(..., features)`` each, and the last reward.

        There is no change of the reward at the first two steps of an episode.
        """
        observations, actions, rewards, starts = inputs
        if actions is None or rewards is None or starts is None:
            raise ValueError("a recurrent network needs the last actions, the last rewards and the episodes' starts")
        observations = (observations - self._own(parameters, "center")) * self.input_scale
        seen = self.rewards.scaled(rewards).to(observations)
        flags = starts.unsqueeze(-1).to(observations)
        before = torch.cat((memory[f"{self.prefix}reward"].unsqueeze(1), seen[:, :-1]), 1)
        started = torch.cat((memory[f"{self.prefix}started"].unsqueeze(1), flags[:, :-1]), 1)
        gains = self.rewards.gains(before, seen) * (1 - flags) * (1 - started)
        others = (actions.clamp(-1, 1).to(observations), seen, gains, flags)
        last = {f"{self.prefix}reward": seen[:, -1], f"{self.prefix}started": flags[:, -1]}
        return observations, torch.cat((observations, *others), -1), last

    def _outputs(self, parameters: Parameters, hidden: torch.Tensor, observations: torch.Tensor) -> torch.Tensor:
        """What the head makes of states and observations, ``(..., outputs)``."""
        return self._head.shared(parameters, torch.cat((hidden, observations), -1))

    def _own(self, parameters: Parameters, name: str) -> torch.Tensor:
        """A parameter, which all tasks share."""
        return parameters[f"{self.prefix}{name}"][0]

    @property
    def head(self) -> tuple[str, ...]:
        """Names of the weight and the bias of the last layer."""
        return self._head.head

    @property
    def constants(self) -> tuple[str, ...]:
        """Names of the parameters that are not trained."""
        return (f"{self.prefix}center",)

    @cached_property
    def _states(self) -> tuple[str, ...]:
        return ("hidden",) if self.cell == "gru" else ("hidden", "cell")

    @cached_property
    def _weight_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self._recurrent.named_parameters())

    @cached_property
    def _recurrent(self) -> nn.RNNBase:
        module = nn.GRU if self.cell == "gru" else nn.LSTM
        return module(
            self.observation_size + self.action_size + self.rewards.input_size + 1, self.memory_size, device="meta"
        )

    @cached_property
    def _head(self) -> MLP:
        sizes = (self.memory_size + self.observation_size, *self.hidden_sizes, self.output_size)
        return MLP(sizes, "tanh", prefix=f"{self.prefix}head.")


@dataclass(frozen=True)
class RecurrentPolicy:
    """A Gaussian policy whose mean is a `RecurrentNetwork`. No input changes its standard deviation.

    The standard deviation is ``min_std + exp(log_std)``, as that of `mlrun.rl.policy.GaussianMLPPolicy`.

    Attributes:
        network: gives the mean.
        initial_std: standard deviation at initialisation, above ``min_std``.
        min_std: lower bound of the standard deviation.
    """

    network: RecurrentNetwork
    initial_std: float
    min_std: float

    @property
    def observation_size(self) -> int:
        """Features of an observation."""
        return self.network.observation_size

    @property
    def action_size(self) -> int:
        """Components of an action."""
        return self.network.action_size

    def initial_parameters(
        self, key: RandomKey, center: torch.Tensor | None = None, dtype: torch.dtype = torch.float32
    ) -> Parameters:
        """Fresh meta-parameters, without a task dimension."""
        parameters = self.network.initial_parameters(key.generator(), center, dtype)
        parameters[self.network.head[0]] *= 0.01  # the first actions are near 0, whatever the features
        log_std = math.log(self.initial_std - self.min_std)
        return {**parameters, "log_std": torch.full((self.action_size,), log_std, dtype=dtype)}

    def initial_memory(self, parameters: Parameters, worlds: int) -> Memory:
        """The memory of the recurrent network at the start of a trial."""
        return self.network.initial_memory(parameters, worlds)

    def step(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[DiagonalGaussian, Memory]:
        """The distribution of the next action, ``(tasks, worlds, actions)``, and the memory after this step."""
        mean, memory = self.network.step(parameters, inputs, memory)
        return DiagonalGaussian(mean, self._std(parameters)), memory

    def sequence(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> DiagonalGaussian:
        """The distributions at all steps, ``(tasks, steps, worlds, actions)``."""
        mean, _ = self.network.sequence(parameters, inputs, memory)
        return DiagonalGaussian(mean, self._std(parameters))

    def knowledge(self, parameters: Parameters, memory: Memory) -> torch.Tensor:
        """What can hold what is known of the task: the state of the network, ``(tasks, worlds, units)``."""
        return self.network.state(memory)

    def _std(self, parameters: Parameters) -> torch.Tensor:
        return self.min_std + parameters["log_std"][0].exp()
