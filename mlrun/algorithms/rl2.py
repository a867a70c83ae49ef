"""RL²: a recurrent policy that learns to learn within a trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mlrun.algorithms.minibatches import MinibatchAdam
from mlrun.algorithms.trial_learner import (
    TrialLearner,
    explained_variance,
    reward_inputs,
    standardised,
    trial_advantages,
)
from mlrun.algorithms.values import make_value
from mlrun.benchmarks.protocol import EpisodicBenchmark
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import RL2Config
from mlrun.config.schema import EpisodicExperiment
from mlrun.learner import expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rl.recurrent import RecurrentNetwork, RecurrentPolicy
from mlrun.rl.surrogate import clipped_surrogate
from mlrun.rl.trials import Trial, choose, first_memories


class RL2(TrialLearner):
    """A recurrent policy trained by PPO over whole trials (Duan et al. 2016; Schulman et al. 2017).

    The policy's memory is reset when a trial starts, and not between its episodes.
    """

    def __init__(self, config: RL2Config) -> None:
        super().__init__(config)
        self._adam = MinibatchAdam.from_config(config.outer)

    @classmethod
    def make_policy(cls, experiment: EpisodicExperiment, benchmark: EpisodicBenchmark) -> RecurrentPolicy:
        """The recurrent policy that the experiment describes."""
        config, policy = experiment.algorithm, experiment.policy
        assert isinstance(config, RL2Config)
        network = RecurrentNetwork(
            observation_size=benchmark.observation_size,
            action_size=benchmark.action_size,
            output_size=benchmark.action_size,
            cell=config.memory.cell,
            memory_size=config.memory.size,
            hidden_sizes=policy.hidden_sizes,
            input_scale=policy.input_scale,
            rewards=reward_inputs(experiment),
        )
        return RecurrentPolicy(network, policy.initial_std, policy.min_std)

    def initialise(self, problem: EpisodicProblem, key: RandomKey) -> None:
        """Start from fresh parameters of policy and value function."""
        policy = problem.policy
        assert isinstance(policy, RecurrentPolicy)
        self.parameters = problem.initial_parameters(key)
        self._constants = policy.network.constants
        self._value = make_value(self.config, policy)
        self._value.initialise(problem, self.parameters[self._constants[0]], key.child("value"))

    def update(self, problem: EpisodicProblem, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """Play trials, and improve policy and value function on them."""
        trial, metrics = self.play(problem, tasks, key)
        values = self._value.estimate(problem, trial, tasks)
        before, advantages = values[:, :-1], trial_advantages(problem, trial, values)
        metrics["value/explained_variance"] = explained_variance(advantages, before, problem.group)
        metrics |= self._improve(problem, trial, standardised(advantages, problem.group), key)
        return metrics | self._value.learn(problem, trial, tasks, advantages + before, key.child("value"))

    def state_dict(self) -> dict[str, Any]:
        """The parameters of policy and value function, and what Adam remembers of each."""
        return {
            "parameters": dict(self.parameters),
            "adam": self._adam.state_dict(),
            "value": self._value.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        self.parameters = {name: tensor.to(device) for name, tensor in state["parameters"].items()}
        self._adam.load_state_dict(state["adam"], self.parameters, self._constants)
        self._value.load_state_dict(state["value"], device)

    def _improve(
        self, problem: EpisodicProblem, trial: Trial, advantages: torch.Tensor, key: RandomKey
    ) -> dict[str, float]:
        """PPO's epochs on the trials, given the advantages ``(tasks, steps, trials)``. Returns metrics."""
        options, span, policy = self.config.outer, self.config.outer.backpropagation, problem.policy
        inputs = trial.sequences_of_inputs(span)
        memory = first_memories([episode.first_memory for episode in trial.episodes], span)
        actions, gains, old = (trial.sequences(part, span) for part in (trial.actions, advantages, trial.log_probs))

        def losses(parameters: Parameters, chosen: torch.Tensor, _: RandomKey) -> torch.Tensor:
            some = choose(inputs, memory, chosen)
            distribution = policy.sequence(expand_to_tasks(parameters, 1), *some)
            log_probs = distribution.log_prob(actions[:, :, chosen])
            loss = clipped_surrogate(log_probs - old[:, :, chosen], gains[:, :, chosen], options.clip_range)
            return loss.mean((0, 1)) - options.entropy_coefficient * distribution.std.log().sum(-1).mean()

        items = len(advantages), actions.shape[2] // len(advantages)
        self.parameters, metrics = self._adam.step(
            self.parameters, losses, items, key.child("ppo"), problem.group, self._constants
        )
        return metrics
