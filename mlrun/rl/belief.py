"""A belief over the task, inferred from what happened, and the policy that acts on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

import torch

from mlrun.learner import Memory
from mlrun.networks import MLP
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.policy import DiagonalGaussian, PolicyInputs
from mlrun.rl.reward_inputs import RewardInputs

_LARGEST_POSITION: Final = 8.0  # of scaled observations
_LARGEST_CHANGE: Final = 3.0  # of scaled changes of observations
_LEAST_STD: Final = 0.1  # of beliefs, whose latent variables vary by about 1
_CHANGE_SCALE: Final = 5.0  # changes from step to step, compared with the observations themselves


class Belief(NamedTuple):
    """A Gaussian over the task's latent variables, ``(..., latent)`` each."""

    mean: torch.Tensor
    std: torch.Tensor


class Transitions(NamedTuple):
    """What happened before each step, scaled for networks, ``(tasks, steps, worlds, ...)``.

    Attributes:
        situation: the observation, its change since the step before, and the first observation of the episode.
        action: of the step before, clipped as the environment does.
        rewards: of the step before, ``(..., reward_size)``.
        gains: their changes since the step before that one, if these are seen.
        happened: whether there was a step before in this episode, ``(...)`` bool.
        time: the part of the episode that is over.
    """

    situation: torch.Tensor
    action: torch.Tensor
    rewards: torch.Tensor
    gains: torch.Tensor
    happened: torch.Tensor
    time: torch.Tensor


@dataclass(frozen=True)
class BeliefPolicy:
    """A Gaussian policy on the observation and a belief over the task.

    The belief is inferred from a weighted sum over all steps of the trial, so that their order does not matter, and
    each step costs the same. The networks that infer it are not trained by the policy's loss, but by what they
    predict: rewards (Zintgraf et al. 2020) or, as privileged information, the task itself (Humplik et al. 2019).

    All tasks share the weights. Only their memories differ.

    Attributes:
        observation_size: features of an observation.
        action_size: components of an action.
        horizon: steps of an episode.
        latent_size: components of the belief.
        hidden_sizes: units of each hidden layer of the policy.
        belief_size: units of each hidden layer of the networks that infer and predict.
        initial_std: standard deviation of the actions at initialisation, above ``min_std``.
        min_std: lower bound of it.
        input_scale: factor on observations, for those that vary by much less than 1.
        rewards: the forms of the rewards that are seen and predicted.
    """

    observation_size: int
    action_size: int
    horizon: int
    latent_size: int
    hidden_sizes: Sequence[int]
    belief_size: int
    initial_std: float
    min_std: float
    input_scale: float = 1.0
    rewards: RewardInputs = field(default_factory=RewardInputs)

    @property
    def feature_size(self) -> int:
        """The number of features that the policy acts on."""
        return self._situation_size + self.action_size + self.rewards.input_size + 1 + 2 * self.latent_size

    @property
    def policy_parameters(self) -> tuple[str, ...]:
        """Names of the parameters that the policy's loss trains."""
        return (*(name for layer in self._mean.layers.values() for name in layer), "log_std")

    def initial_parameters(
        self, key: RandomKey, center: torch.Tensor | None = None, dtype: torch.dtype = torch.float32
    ) -> Parameters:
        """Fresh meta-parameters, without a task dimension. ``center`` is among them, and constant."""
        generator = key.generator()
        center = torch.zeros(self.observation_size) if center is None else center
        parameters = {"center": center.to(dtype, copy=True)}
        for network in (self._mean, self._evidence, self._posterior, self._decoder):
            parameters |= network.initial_parameters(generator, dtype)
        parameters[self._mean.head[0]] *= 0.01  # the first actions are near 0, whatever the features
        parameters["log_std"] = torch.full((self.action_size,), math.log(self.initial_std - self.min_std), dtype=dtype)
        parameters["belief.log_noise"] = torch.full((self.rewards.size,), -1.0, dtype=dtype)
        return parameters

    def initial_memory(self, parameters: Parameters, worlds: int) -> Memory:
        """No evidence, ``(tasks, worlds, ...)``."""
        center = parameters["center"]
        observation = center.unsqueeze(1).expand(-1, worlds, -1).clone()
        evidence = center.new_zeros(len(center), worlds, 2 * self.belief_size)
        return {
            "evidence": evidence,
            "first": observation,
            "before": observation,
            "rewards": evidence[..., : self.rewards.size],
            "steps": evidence[..., :1],
        }

    def step(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[DiagonalGaussian, Memory]:
        """The distribution of the next action, ``(tasks, worlds, actions)``, and the memory after this step."""
        features, memory = self.features(parameters, inputs.map(lambda part: part.unsqueeze(1)), memory)
        return self.act(parameters, features[:, 0]), memory

    def sequence(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> DiagonalGaussian:
        """The distributions at all steps, ``(tasks, steps, worlds, actions)``."""
        return self.act(parameters, self.features(parameters, inputs, memory)[0])

    def act(self, parameters: Parameters, features: torch.Tensor) -> DiagonalGaussian:
        """The distribution of actions at features ``(..., feature_size)``."""
        return DiagonalGaussian(self._mean.shared(parameters, features), self.min_std + parameters["log_std"][0].exp())

    def features(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """What the policy acts on at each step, ``(tasks, steps, worlds, feature_size)``, and the last memory."""
        transitions, memory = self.transitions(parameters, inputs, memory)
        evidence = self.evidence(parameters, transitions).cumsum(1) + memory["evidence"].unsqueeze(1)
        belief = self.belief(parameters, evidence)
        situation, action, rewards, gains, _, time = transitions
        features = torch.cat((situation, action, rewards, gains, time, belief.mean, belief.std), -1)
        return features, {**memory, "evidence": evidence[:, -1]}

    def transitions(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[Transitions, Memory]:
        """What happened before each step of sequences, and the memory after them, but for its evidence."""
        observations, actions, rewards, starts = inputs
        if actions is None or rewards is None or starts is None:
            raise ValueError("a belief needs the last actions, the last rewards and the episodes' starts")
        steps = observations.shape[1]
        index = torch.arange(steps, device=starts.device).view(1, -1, 1).expand(starts.shape)
        start = torch.where(starts, index, -1).cummax(1).values.unsqueeze(-1)
        seen = observations.gather(1, start.clamp_min(0).expand(observations.shape))
        first = torch.where(start < 0, memory["first"].unsqueeze(1), seen)
        before = torch.cat((memory["before"].unsqueeze(1), observations[:, :-1]), 1)
        before = torch.where(starts.unsqueeze(-1), observations, before)
        count = torch.where(
            start < 0, memory["steps"].unsqueeze(1) + index.unsqueeze(-1) + 1, index.unsqueeze(-1) - start
        )
        center = parameters["center"][0]
        situation = torch.cat(
            (
                ((observations - center) * self.input_scale).clamp(-_LARGEST_POSITION, _LARGEST_POSITION),
                ((observations - before) * (self.input_scale * _CHANGE_SCALE)).clamp(-_LARGEST_CHANGE, _LARGEST_CHANGE),
                ((first - center) * self.input_scale).clamp(-_LARGEST_POSITION, _LARGEST_POSITION),
            ),
            -1,
        )
        happened = ~starts
        scaled = self.rewards.scaled(rewards) * happened.unsqueeze(-1)
        time = count.to(observations) / self.horizon
        transitions = Transitions(
            situation=situation,
            action=actions.clamp(-1, 1) * happened.unsqueeze(-1),
            rewards=scaled,
            gains=self.gains(torch.cat((memory["rewards"].unsqueeze(1), scaled[:, :-1]), 1), scaled, time),
            happened=happened,
            time=time,
        )
        last = {
            "first": first[:, -1],
            "before": observations[:, -1],
            "rewards": scaled[:, -1],
            "steps": count[:, -1].to(observations),
        }
        return transitions, {**memory, **last}

    def gains(self, before: torch.Tensor, rewards: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        """What is seen of the changes from scaled rewards to the next ones, at times ``(..., 1)``.

        At the first reward of an episode there is no change.
        """
        return self.rewards.gains(before, rewards) * (time * self.horizon > 1.5)

    def evidence(self, parameters: Parameters, transitions: Transitions) -> torch.Tensor:
        """What each step adds to the evidence: weights, and weighted features, ``(tasks, steps, worlds, ...)``."""
        inputs = torch.cat((transitions.situation, transitions.action, transitions.rewards, transitions.gains), -1)
        gates, features = self._evidence.shared(parameters, inputs).chunk(2, -1)
        weights = (6 * (gates / 6).tanh()).exp() * transitions.happened.unsqueeze(-1)
        return torch.cat((weights, weights * features), -1)

    def belief(self, parameters: Parameters, evidence: torch.Tensor) -> Belief:
        """The belief given the sum of all evidence, ``(..., 2 * belief_size)``."""
        weight, weighted = evidence.chunk(2, -1)
        inputs = torch.cat((weighted / (1 + weight), 0.3 * weight.log1p()), -1)
        mean, log_std = self._posterior.shared(parameters, inputs).chunk(2, -1)
        return Belief(3 * (mean / 3).tanh(), _LEAST_STD + (4 * (log_std / 4).tanh()).clamp(max=1.0).exp())

    def knowledge(self, parameters: Parameters, memory: Memory) -> torch.Tensor:
        """What can hold what is known of the task: the belief's mean, ``(tasks, worlds, latent_size)``."""
        return self.belief(parameters, memory["evidence"]).mean

    def predicted_rewards(self, parameters: Parameters, transitions: Transitions, latent: torch.Tensor) -> torch.Tensor:
        """The scaled rewards of transitions ``(..., features)`` if the task were ``latent``, ``(..., reward_size)``."""
        return self._decoder.shared(parameters, torch.cat((transitions.situation, transitions.action, latent), -1))

    @property
    def _situation_size(self) -> int:
        return 3 * self.observation_size

    @cached_property
    def _mean(self) -> MLP:
        return MLP((self.feature_size, *self.hidden_sizes, self.action_size), "tanh", prefix="mean.")

    @cached_property
    def _evidence(self) -> MLP:
        inputs, units = self._situation_size + self.action_size + self.rewards.input_size, self.belief_size
        return MLP((inputs, 2 * units, 2 * units, 2 * units), "silu", prefix="belief.evidence.")

    @cached_property
    def _posterior(self) -> MLP:
        units = self.belief_size
        return MLP((2 * units, 2 * units, 2 * self.latent_size), "silu", prefix="belief.posterior.")

    @cached_property
    def _decoder(self) -> MLP:
        inputs, units = self._situation_size + self.action_size + self.latent_size, 2 * self.belief_size
        return MLP((inputs, units, units, self.rewards.size), "silu", prefix="belief.decoder.")
