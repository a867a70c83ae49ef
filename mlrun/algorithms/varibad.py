"""Task inference: a belief over the task, trained by what it predicts, and a policy that acts on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mlrun.algorithms.belief_loss import BeliefLoss, is_trained, latent_size, scaled_goals
from mlrun.algorithms.minibatches import MinibatchAdam
from mlrun.algorithms.trial_learner import (
    TrialLearner,
    explained_variance,
    reward_inputs,
    standardised,
    trial_advantages,
)
from mlrun.algorithms.value_network import ValueNetwork
from mlrun.benchmarks.protocol import EpisodicBenchmark
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import VariBADConfig
from mlrun.config.schema import EpisodicExperiment
from mlrun.learner import expand_to_tasks
from mlrun.networks import MLP
from mlrun.parameters import Parameters
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.registry import PluginError
from mlrun.rl.belief import BeliefPolicy, Transitions
from mlrun.rl.policy import PolicyInputs
from mlrun.rl.surrogate import clipped_surrogate
from mlrun.rl.trials import Trial


class VariBAD(TrialLearner):
    """A policy on observation and belief, trained by PPO, and a belief that is trained by what it predicts.

    After Zintgraf et al. (2020). The belief is a function of a sum over the steps, not of a recurrent state. The
    policy's loss does not change it, so that nothing is propagated back through time. And it is trained in another
    way, which `mlrun.algorithms.belief_loss` describes.
    """

    def __init__(self, config: VariBADConfig) -> None:
        super().__init__(config)
        self.value = ValueNetwork(config.outer)
        self._adam = MinibatchAdam.from_config(config.outer)
        self._belief_adam = MinibatchAdam.from_config(config.belief.model_copy(update={"epochs": 1}))

    @classmethod
    def make_policy(cls, experiment: EpisodicExperiment, benchmark: EpisodicBenchmark) -> BeliefPolicy:
        """The policy that the experiment describes."""
        config, policy = experiment.algorithm, experiment.policy
        assert isinstance(config, VariBADConfig)
        if config.belief.predicts != "rewards" and not hasattr(benchmark, "hidden"):
            raise PluginError(f"benchmark {benchmark.name!r} has no hidden: only rewards can be predicted on it")
        return BeliefPolicy(
            observation_size=benchmark.observation_size,
            action_size=benchmark.action_size,
            horizon=benchmark.horizon,
            latent_size=latent_size(config.belief, benchmark),
            hidden_sizes=policy.hidden_sizes,
            belief_size=config.belief.size,
            initial_std=policy.initial_std,
            min_std=policy.min_std,
            input_scale=policy.input_scale,
            rewards=reward_inputs(experiment),
        )

    def initialise(self, problem: EpisodicProblem, key: RandomKey) -> None:
        """Start from fresh parameters of policy, belief and value function."""
        policy = problem.policy
        assert isinstance(policy, BeliefPolicy)
        self.parameters = problem.initial_parameters(key)
        network = _value_network(policy)
        fresh = network.initial_parameters(key.child("value").generator())
        self.value.initialise({name: tensor.to(problem.device) for name, tensor in fresh.items()}, network.head)
        self._trained_by_policy = policy.policy_parameters

    def update(self, problem: EpisodicProblem, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """Play trials; improve policy and value function on them, and then the belief."""
        trial, metrics = self.play(problem, tasks, key)
        policy: Any = problem.policy
        parameters = expand_to_tasks(self.parameters, len(tasks))
        inputs = PolicyInputs.joined([trial.inputs, trial.after])
        with torch.no_grad():
            features, _ = policy.features(parameters, inputs, trial.episodes[0].first_memory)
            network = _value_network(policy)
            outputs = network.shared(expand_to_tasks(self.value.parameters, 1), features)[..., 0]
            values = self.value.values(outputs)
        before, advantages = values[:, :-1], trial_advantages(problem, trial, values)
        metrics["value/explained_variance"] = explained_variance(advantages, before, problem.group)
        items = len(tasks), before[0].numel()
        seen = features[:, :-1].flatten(0, 2)
        metrics |= self._improve(problem, trial, seen, standardised(advantages, problem.group), items, key)
        metrics |= self.value.learn(
            advantages + before,
            torch.flatten,
            lambda parameters, chosen: network.shared(expand_to_tasks(parameters, 1), seen[chosen])[..., 0],
            key.child("value"),
            problem.group,
        )
        return metrics | self._infer(problem, trial, tasks, key.child("belief"))

    def state_dict(self) -> dict[str, Any]:
        """The parameters of policy, belief and value function, and what Adam remembers of each."""
        return {
            "parameters": dict(self.parameters),
            "value": self.value.state_dict(),
            "adam": self._adam.state_dict(),
            "belief_adam": self._belief_adam.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        self.parameters = {name: tensor.to(device) for name, tensor in state["parameters"].items()}
        self.value.load_state_dict(state["value"], device)
        acts, infers = self._of_policy(self.parameters), self._of_belief(self.parameters)
        self._adam.load_state_dict(state["adam"], acts)
        self._belief_adam.load_state_dict(state["belief_adam"], infers)

    def _of_policy(self, parameters: Parameters) -> Parameters:
        return {name: parameters[name] for name in self._trained_by_policy}

    def _of_belief(self, parameters: Parameters) -> Parameters:
        return {name: parameters[name] for name in parameters if is_trained(name, self.config.belief)}

    def _improve(
        self,
        problem: EpisodicProblem,
        trial: Trial,
        features: torch.Tensor,
        advantages: torch.Tensor,
        items: tuple[int, int],
        key: RandomKey,
    ) -> dict[str, float]:
        """PPO's epochs on single steps, given features ``(steps, features)``. Returns metrics."""
        options, policy = self.config.outer, problem.policy
        assert isinstance(policy, BeliefPolicy)
        actions, gains, old = trial.actions.flatten(0, 2), advantages.flatten(), trial.log_probs.flatten()

        def losses(acting: Parameters, chosen: torch.Tensor, _: RandomKey) -> torch.Tensor:
            distribution = policy.act(expand_to_tasks(acting, 1), features[chosen])
            log_ratio = distribution.log_prob(actions[chosen]) - old[chosen]
            loss = clipped_surrogate(log_ratio, gains[chosen], options.clip_range)
            return loss - options.entropy_coefficient * distribution.std.log().sum()

        acting, metrics = self._adam.step(
            self._of_policy(self.parameters), losses, items, key.child("ppo"), problem.group
        )
        self.parameters = {**self.parameters, **acting}
        return metrics

    def _infer(self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """Train the belief on the trials. Returns metrics."""
        policy, config = problem.policy, self.config.belief
        assert isinstance(policy, BeliefPolicy)
        parameters = expand_to_tasks(self.parameters, len(tasks))
        transitions, _ = policy.transitions(parameters, trial.inputs, trial.episodes[0].first_memory)
        belief = policy.belief(parameters, trial.episodes[-1].memory["evidence"])
        rewards = transitions.rewards
        least, largest = (problem.group.gather(each) for each in (rewards.amin((1, 2)), rewards.amax((1, 2))))
        losses = BeliefLoss(
            policy=policy,
            config=config,
            parameters=self.parameters,
            transitions=Transitions(*(trial.sequences(part, "trial")[0] for part in transitions)),
            trials=(len(tasks), trial.rewards.shape[2]),
            goals=scaled_goals(problem.benchmark, tasks) if config.predicts == "task" else belief.mean[:0],
            codes=problem.group.gather(belief.mean).flatten(0, 1),
            reward_limits=(least.amin(0), largest.amax(0)),
        )
        metrics: dict[str, float] = {}
        for epoch in range(config.epochs):
            of_epoch = key.child(f"epoch/{epoch}")
            if config.predicts == "rewards":
                losses = losses.explaining(self.parameters, of_epoch.child("codes"), problem.group)
            inferring, metrics = self._belief_adam.step(
                self._of_belief(self.parameters), losses, losses.trials, of_epoch, problem.group
            )
            self.parameters = {**self.parameters, **inferring}
        return {f"belief/{name}": number for name, number in metrics.items()}


def _value_network(policy: BeliefPolicy) -> MLP:
    return MLP((policy.feature_size, *policy.hidden_sizes, 1), "tanh")
