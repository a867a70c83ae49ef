"""A recurrent meta-learner, small enough for a test: it adapts by what it remembers, over consecutive episodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch

from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import AlgorithmConfig
from mlrun.learner import AdaptedLearner, Memory, expand_to_tasks
from mlrun.parameters import Parameters, gradients
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rl.policy import DiagonalGaussian, PolicyInputs
from mlrun.rl.trajectories import Trajectories


@dataclass(frozen=True)
class RecurrentPolicy:
    """A hidden state. Its inputs are observation, last action, last reward, and whether an episode starts."""

    observation_size: int
    action_size: int
    hidden_size: int = 6

    def initial_parameters(
        self, key: RandomKey, center: torch.Tensor | None = None, dtype: torch.dtype = torch.float32
    ) -> Parameters:
        inputs, generator = self.observation_size + self.action_size + 2 + self.hidden_size, key.generator()
        return {
            "hidden.weight": 0.3 * torch.randn(inputs, self.hidden_size, generator=generator).to(dtype),
            "mean.weight": 0.3 * torch.randn(self.hidden_size, self.action_size, generator=generator).to(dtype),
            "log_std": torch.zeros(self.action_size, dtype=dtype),
        }

    def initial_memory(self, parameters: Parameters, worlds: int) -> Memory:
        weight = parameters["mean.weight"]
        return {"hidden": weight.new_zeros(len(weight), worlds, self.hidden_size)}

    def step(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[DiagonalGaussian, Memory]:
        observations, actions, rewards, starts = inputs
        assert actions is not None
        assert rewards is not None
        assert starts is not None
        seen = torch.cat(
            (observations, actions, rewards.unsqueeze(-1), starts.unsqueeze(-1).to(observations), memory["hidden"]), -1
        )
        hidden = (seen @ parameters["hidden.weight"]).tanh()
        distribution = DiagonalGaussian(hidden @ parameters["mean.weight"], parameters["log_std"].exp().unsqueeze(-2))
        return distribution, {**memory, "hidden": hidden}

    def sequence(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> DiagonalGaussian:
        means = []
        for step in range(inputs.observations.shape[1]):
            observations, *others = inputs
            now = PolicyInputs(observations[:, step], *(None if part is None else part[:, step] for part in others))
            distribution, memory = self.step(parameters, now, memory)
            means.append(distribution.mean)
        return DiagonalGaussian(torch.stack(means, 1), parameters["log_std"].exp()[:, None, None])


class RecurrentConfig(AlgorithmConfig, frozen=True):
    """A trial of consecutive episodes."""

    needs_policy: ClassVar[bool] = True

    name: Literal["recurrent"] = "recurrent"
    episodes: int = 3


class Recurrent:
    """Policy gradients over trials. Only the memory adapts. It is kept between the episodes of a trial."""

    def __init__(self, config: RecurrentConfig) -> None:
        self.config = config
        self.parameters: Parameters = {}

    @classmethod
    def make_policy(cls, experiment: Any, benchmark: Any) -> RecurrentPolicy:
        return RecurrentPolicy(benchmark.observation_size, benchmark.action_size)

    @property
    def adaptation_steps(self) -> int:
        return self.config.episodes - 1

    def initialise(self, problem: EpisodicProblem, key: RandomKey) -> None:
        self.parameters = problem.initial_parameters(key)

    def adapt(
        self, problem: EpisodicProblem, tasks: Sequence[Task], key: RandomKey, steps: int
    ) -> list[AdaptedLearner]:
        parameters = expand_to_tasks(self.parameters, len(tasks))
        adapted = [AdaptedLearner(parameters, problem.policy.initial_memory(parameters, worlds=1))]
        for step in range(steps):
            data = problem.collect(adapted[-1], tasks, key.child(f"episode/{step}"))
            adapted.append(AdaptedLearner(parameters, data.memory, adapted[-1].data_used + 1))
        return adapted

    def update(self, problem: EpisodicProblem, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        episodes = self.trial(problem, tasks, key)
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in self.parameters.items()}
        inputs = whole_trial(episodes)
        distribution = problem.policy.sequence(expand_to_tasks(leaves, len(tasks)), inputs, episodes[0].first_memory)
        log_probs = distribution.log_prob(torch.cat([episode.actions for episode in episodes], 1))
        rewards = torch.cat([episode.rewards for episode in episodes], 1)
        to_go = rewards.flip(1).cumsum(1).flip(1)
        loss = problem.group.mean(-(log_probs * (to_go - to_go.mean())).mean((1, 2)))
        found = problem.group.total_gradients(gradients(loss, leaves))
        self.parameters = {name: tensor - 0.01 * found[name] for name, tensor in self.parameters.items()}
        return {"loss": loss.item()}

    def trial(self, problem: EpisodicProblem, tasks: Sequence[Task], key: RandomKey) -> list[Trajectories]:
        learner, episodes = AdaptedLearner(expand_to_tasks(self.parameters, len(tasks))), []
        for number in range(self.config.episodes):
            episodes.append(problem.collect(learner, tasks, key.child(f"episode/{number}")))
            learner = dataclasses.replace(learner, memory=episodes[-1].memory)
        return episodes

    def state_dict(self) -> dict[str, Any]:
        return {"parameters": dict(self.parameters)}

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        self.parameters = {name: tensor.to(device) for name, tensor in state["parameters"].items()}


def whole_trial(episodes: Sequence[Trajectories]) -> PolicyInputs:
    """The inputs at all steps of consecutive episodes, one after the other."""
    parts = zip(*(episode.inputs for episode in episodes), strict=True)
    return PolicyInputs(*(torch.cat(part, 1) for part in parts))
