"""Reinforcement learning with policy gradients, as a problem that meta-learning algorithms adapt to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from mlrun.benchmarks.task import Task
from mlrun.learner import AdaptedLearner, Memory
from mlrun.parameters import Parameters
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rl.advantages import discounted_returns, generalized_advantages, normalise_per_task
from mlrun.rl.baseline import LinearFeatureBaseline
from mlrun.rl.policy import LayeredPolicy
from mlrun.rl.surrogate import clipped_surrogate
from mlrun.rl.trajectories import Trajectories


@dataclass(frozen=True)
class Experience:
    """Collected episodes as the losses need them. Steps and episodes are flattened to samples.

    Attributes:
        observations: ``(tasks, samples, features)``.
        actions: ``(tasks, samples, actions)``.
        log_probs: log-density of the actions under the policy that sampled them, ``(tasks, samples)``.
        advantages: mean 0 and standard deviation 1 per task, ``(tasks, samples)``.
        trajectories: the episodes themselves.
    """

    observations: torch.Tensor
    actions: torch.Tensor
    log_probs: torch.Tensor
    advantages: torch.Tensor
    trajectories: Trajectories

    @property
    def memory(self) -> Memory:
        """The learner's memory after the episodes."""
        return self.trajectories.memory


class ReinforcementLearning(EpisodicProblem):
    """Policy-gradient losses on episodes of a benchmark's tasks.

    Adaptation and meta-learning both minimise the likelihood-ratio surrogate ``-E[π(a|s) / π_sampler(a|s) · A]``. At
    the sampling parameters, the ratio is 1 and the gradient is the policy gradient.

    The arguments are those of `EpisodicProblem`. The policy has no memory, and its mean is a network of layers.
    """

    fresh_data_each_step = True
    policy: LayeredPolicy  # pyright: ignore[reportIncompatibleVariableOverride]

    @property
    def head(self) -> Sequence[str]:
        """Names of the parameters of the policy's last layer, and of its standard deviation."""
        return self.policy.head

    @property
    def layers(self) -> Mapping[str, Sequence[str]]:
        """Names of the parameters of each layer of the policy."""
        return self.policy.layers

    def collect(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> Experience:
        """Sample episodes of every task and estimate advantages."""
        trajectories: Trajectories = super().collect(learner, tasks, key)
        return Experience(
            observations=trajectories.observations.flatten(1, 2),
            actions=trajectories.actions.flatten(1, 2),
            log_probs=trajectories.log_probs.flatten(1),
            advantages=normalise_per_task(self._advantages(trajectories)).flatten(1),
            trajectories=trajectories,
        )

    def summarise(self, data: Experience) -> dict[str, torch.Tensor]:
        """Scores of the collected episodes, averaged over each task's episodes."""
        return super().summarise(data.trajectories)

    def inner_loss(self, parameters: Parameters, data: Experience) -> torch.Tensor:
        """The likelihood-ratio surrogate per task, ``(tasks,)``."""
        log_probs = self.policy(parameters, data.observations).log_prob(data.actions)
        return -((log_probs - data.log_probs).exp() * data.advantages).mean(1)

    def outer_loss(self, parameters: Parameters, data: Experience) -> torch.Tensor:
        """The same surrogate on fresh episodes of the adapted policies, ``(tasks,)``."""
        return self.inner_loss(parameters, data)

    def clipped_loss(self, parameters: Parameters, data: Experience, clip_range: float) -> torch.Tensor:
        """PPO's clipped surrogate, ``(tasks,)``: likelihood ratios outside ``1 ± clip_range`` bring no gain."""
        log_probs = self.policy(parameters, data.observations).log_prob(data.actions)
        return clipped_surrogate(log_probs - data.log_probs, data.advantages, clip_range).mean(1)

    def kl(self, reference: Parameters, parameters: Parameters, data: Experience) -> torch.Tensor:
        """Mean KL(reference || parameters) over the visited observations, ``(tasks,)``, in nats."""
        with torch.no_grad():
            old = self.policy(reference, data.observations)
        return self.policy(parameters, data.observations).kl_from(old).mean(1)

    def subsample(self, data: Experience, stride: int) -> Experience:
        """Every ``stride``-th step of all episodes."""

        def every(samples: torch.Tensor) -> torch.Tensor:
            return samples.unflatten(1, (-1, data.trajectories.rewards.shape[2]))[:, ::stride].flatten(1, 2)

        return replace(
            data,
            observations=every(data.observations),
            actions=every(data.actions),
            log_probs=every(data.log_probs),
            advantages=every(data.advantages),
        )

    def inputs(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> torch.Tensor:
        """The observations of fresh sampled episodes, as many as in a collection, ``(tasks, samples, features)``."""
        return self.run(learner, tasks, self.data_per_task, key).observations.flatten(1, 2)

    def representations(self, parameters: Parameters, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """The outputs of the layers of the mean's network, ``(tasks, samples, units)``, by layer."""
        return self.policy.representations(parameters, inputs)

    def _advantages(self, episodes: Trajectories) -> torch.Tensor:
        rewards = self.learning_rewards(episodes.rewards)
        returns = discounted_returns(rewards, self.discount)
        baseline = LinearFeatureBaseline.fit(episodes.observations, returns)
        horizon = episodes.rewards.shape[1]
        final = baseline.predict(episodes.final_observations.unsqueeze(1), first_step=horizon).squeeze(1)
        return generalized_advantages(
            rewards,
            baseline.predict(episodes.observations),
            final,
            torch.zeros_like(final, dtype=torch.bool),
            self.discount,
            self.gae_lambda,
        )
