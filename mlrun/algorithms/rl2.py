"""RL²: a recurrent policy that learns to learn within a trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mlrun.algorithms.gradient_based import mean_scores
from mlrun.algorithms.minibatches import MinibatchAdam
from mlrun.algorithms.values import make_value
from mlrun.benchmarks.protocol import EpisodicBenchmark
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import RL2Config
from mlrun.config.schema import EpisodicExperiment
from mlrun.learner import AdaptedLearner, expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rl.advantages import generalized_advantages
from mlrun.rl.recurrent import RecurrentNetwork, RecurrentPolicy
from mlrun.rl.surrogate import clipped_surrogate
from mlrun.rl.trials import Trial, choose, first_memories
from mlrun.task_group import TaskGroup


class RL2:
    """A recurrent policy trained by PPO over whole trials (Duan et al. 2016; Schulman et al. 2017).

    A trial is a row of episodes of one task. The policy's memory is reset when a trial starts, and not between its
    episodes. Advantages run through the whole trial, since what an early episode finds out pays in later ones. The
    time limit at the end of the trial is bootstrapped with the value function.

    Only the memory adapts: an adaptation step is one more episode.

    Attributes:
        parameters: of the policy, for all tasks.
    """

    def __init__(self, config: RL2Config) -> None:
        self.config = config
        self.parameters: Parameters = {}
        outer = config.outer
        self._adam = MinibatchAdam(
            learning_rate=outer.learning_rate,
            epochs=outer.epochs,
            minibatches=outer.minibatches,
            max_gradient_norm=outer.max_gradient_norm,
        )

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
            reward_scale=config.reward_scale,
        )
        return RecurrentPolicy(network, policy.initial_std, policy.min_std)

    @property
    def adaptation_steps(self) -> int:
        """The episodes of a trial before its last one."""
        return self.config.adaptation_steps

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
        learner = AdaptedLearner(expand_to_tasks(self.parameters, len(tasks)))
        trial = problem.run_trial(learner, tasks, self.config.trial.episodes, key)
        values = self._value.estimate(problem, trial, tasks)
        rewards, before = problem.learning_rewards(trial.rewards), values[:, :-1]
        goes_on = torch.zeros_like(values[:, -1], dtype=torch.bool)
        advantages = generalized_advantages(
            rewards, before, values[:, -1], goes_on, problem.discount, problem.gae_lambda
        )
        metrics = {
            **mean_scores("pre", problem, trial.episodes[0]),
            **mean_scores("post", problem, trial.episodes[-1]),
            "value/explained_variance": _explained(advantages, before, problem.group),
        }
        self.parameters, improved = self._improve(problem, trial, _standardised(advantages, problem.group), key)
        return {
            **metrics,
            **improved,
            **self._value.learn(problem, trial, tasks, advantages + before, key.child("value")),
        }

    def adapt(
        self, problem: EpisodicProblem, tasks: Sequence[Task], key: RandomKey, steps: int
    ) -> list[AdaptedLearner]:
        """The learner after 0, 1, ... ``steps`` episodes.

        They are played with action noise, as in training. It is a part of how the policy explores.
        """
        parameters = expand_to_tasks(self.parameters, len(tasks))
        adapted = [AdaptedLearner(parameters, problem.policy.initial_memory(parameters, problem.data_per_task))]
        for step in range(steps):
            episode = problem.collect(adapted[-1], tasks, key.child(f"episode/{step}"))
            adapted.append(AdaptedLearner(parameters, episode.memory, step + 1))
        return adapted

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
    ) -> tuple[Parameters, dict[str, float]]:
        """PPO's epochs on the trials, given the advantages ``(tasks, steps, trials)``."""
        options, span, policy = self.config.outer, self.config.outer.backpropagation, problem.policy
        inputs = trial.sequences_of_inputs(span)
        memory = first_memories([episode.first_memory for episode in trial.episodes], span)
        actions, gains, old = (trial.sequences(part, span) for part in (trial.actions, advantages, trial.log_probs))

        def losses(parameters: Parameters, chosen: torch.Tensor) -> torch.Tensor:
            some = choose(inputs, memory, chosen)
            distribution = policy.sequence(expand_to_tasks(parameters, 1), *some)
            log_probs = distribution.log_prob(actions[:, :, chosen])
            loss = clipped_surrogate(log_probs - old[:, :, chosen], gains[:, :, chosen], options.clip_range)
            return loss.mean((0, 1)) - options.entropy_coefficient * distribution.std.log().sum(-1).mean()

        items = len(advantages), actions.shape[2] // len(advantages)
        return self._adam.step(self.parameters, losses, items, key.child("ppo"), problem.group, self._constants)


def _standardised(advantages: torch.Tensor, group: TaskGroup) -> torch.Tensor:
    """Advantages with mean 0 and standard deviation 1 over all tasks."""
    centred = advantages - group.mean(advantages.mean((1, 2)))
    return centred / (group.mean(centred.square().mean((1, 2))).sqrt() + 1e-8)


def _explained(advantages: torch.Tensor, values: torch.Tensor, group: TaskGroup) -> float:
    """The part of the variance of the value's targets that the values explain: 1 at best."""
    targets = advantages + values
    variance = group.mean((targets - group.mean(targets.mean((1, 2)))).square().mean((1, 2)))
    return 1 - float(group.mean(advantages.square().mean((1, 2))) / variance.clamp_min(1e-12))
