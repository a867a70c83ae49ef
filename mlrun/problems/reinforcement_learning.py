"""Reinforcement learning as a problem that a meta-learning algorithm adapts to."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch

from mlrun.benchmarks.protocol import BatchedEnvironment, EpisodicBenchmark
from mlrun.benchmarks.task import Task
from mlrun.finite import NotFiniteError
from mlrun.parameters import Parameters
from mlrun.problems.protocol import CollectionCost
from mlrun.randomness import RandomKey
from mlrun.rl.advantages import discounted_returns, generalized_advantages, normalise_per_task
from mlrun.rl.baseline import LinearFeatureBaseline
from mlrun.rl.policy import DiagonalGaussian, GaussianMLPPolicy
from mlrun.rl.trajectories import Trajectories, collect_trajectories


@dataclass(frozen=True)
class Experience:
    """What the losses read of collected episodes, steps and episodes flattened to samples.

    Attributes:
        observations: ``(tasks, samples, features)``.
        actions: ``(tasks, samples, actions)``.
        log_probs: of the policy that sampled, adapted weights included, ``(tasks, samples)``.
        advantages: mean 0 and standard deviation 1 per task, ``(tasks, samples)``.
        trajectories: the episodes that all this came from.
    """

    observations: torch.Tensor
    actions: torch.Tensor
    log_probs: torch.Tensor
    advantages: torch.Tensor
    trajectories: Trajectories


class ReinforcementLearning:
    """Policy-gradient losses on episodes of a benchmark's tasks.

    Adaptation and meta-learning both descend the likelihood-ratio surrogate ``-E[π(a|s) / π_sampler(a|s) · A]``; at
    the sampling parameters its ratio is exactly 1 and its gradient is the policy gradient.
    """

    fresh_data_each_step = True

    def __init__(
        self,
        benchmark: EpisodicBenchmark,
        policy: GaussianMLPPolicy,
        *,
        episodes_per_task: int,
        discount: float,
        gae_lambda: float,
        num_threads: int = 0,
        device: str = "cpu",
        physics: Literal["cpu", "warp"] = "cpu",
    ) -> None:
        self.benchmark = benchmark
        self.policy = policy
        self.episodes_per_task = episodes_per_task
        self.discount = discount
        self.gae_lambda = gae_lambda
        self.num_threads = num_threads
        self.device = device
        self.physics: Literal["cpu", "warp"] = physics
        self.head = policy.head
        self.layers = policy.layers
        self.cost = CollectionCost("env_steps")
        self._environments: dict[int, BatchedEnvironment] = {}

    def initial_parameters(self, key: RandomKey) -> Parameters:
        """Fresh policy weights, centred on the mean observation that episodes on training tasks start from."""
        starts = torch.tensor([task.parameters for task in self.benchmark.train_tasks], dtype=torch.float64)
        environment = self.benchmark.make_environment(len(starts), self.num_threads)
        fresh = self.policy.initial_parameters(key, center=environment.reset(starts).mean(0))
        return {name: tensor.to(self.device) for name, tensor in fresh.items()}

    def collect(self, parameters: Parameters, tasks: Sequence[Task], key: RandomKey) -> Experience:
        """Sample ``episodes_per_task`` episodes of every task and estimate advantages."""
        trajectories = self._run(parameters, tasks, self.episodes_per_task, key)
        return Experience(
            observations=trajectories.observations.flatten(1, 2),
            actions=trajectories.actions.flatten(1, 2),
            log_probs=trajectories.log_probs.flatten(1),
            advantages=normalise_per_task(self._advantages(trajectories)).flatten(1),
            trajectories=trajectories,
        )

    def inner_loss(self, parameters: Parameters, data: Experience) -> torch.Tensor:
        """The likelihood-ratio surrogate per task, ``(tasks,)``."""
        log_probs = self.policy(parameters, data.observations).log_prob(data.actions)
        return -((log_probs - data.log_probs).exp() * data.advantages).mean(1)

    def outer_loss(self, parameters: Parameters, data: Experience) -> torch.Tensor:
        """The same surrogate on fresh episodes of the adapted policies, ``(tasks,)``."""
        return self.inner_loss(parameters, data)

    def clipped_loss(self, parameters: Parameters, data: Experience, clip_range: float) -> torch.Tensor:
        """PPO's surrogate, pessimistic about likelihood ratios outside ``1 ± clip_range``, ``(tasks,)``."""
        log_probs = self.policy(parameters, data.observations).log_prob(data.actions)
        ratio = (log_probs - data.log_probs).exp()
        clipped = ratio.clamp(1 - clip_range, 1 + clip_range)
        return -torch.minimum(ratio * data.advantages, clipped * data.advantages).mean(1)

    def divergence(self, reference: Parameters, parameters: Parameters, data: Experience) -> torch.Tensor:
        """Mean KL(reference || parameters) over the visited observations, ``(tasks,)``, in nats."""
        with torch.no_grad():
            old = self.policy(reference, data.observations)
            old = DiagonalGaussian(old.mean, old.std)
        return self.policy(parameters, data.observations).kl_from(old).mean(1)

    def thin(self, data: Experience, stride: int) -> Experience:
        """Every ``stride``-th step of all episodes."""

        def thinned(samples: torch.Tensor) -> torch.Tensor:
            return samples.unflatten(1, (-1, self.episodes_per_task))[:, ::stride].flatten(1, 2)

        return replace(
            data,
            observations=thinned(data.observations),
            actions=thinned(data.actions),
            log_probs=thinned(data.log_probs),
            advantages=thinned(data.advantages),
        )

    def summarise(self, data: Experience) -> dict[str, torch.Tensor]:
        """Scores of the collected episodes, averaged over each task's episodes."""
        return _scores(data.trajectories)

    def evaluate(self, parameters: Parameters, tasks: Sequence[Task], key: RandomKey) -> dict[str, torch.Tensor]:
        """Scores of the mean action. Nothing is drawn, so one episode per task says all."""
        return _scores(self._run(parameters, tasks, 1, None))

    def inputs(self, parameters: Parameters, tasks: Sequence[Task], key: RandomKey) -> torch.Tensor:
        """The observations of fresh sampled episodes, as many as are collected, ``(tasks, samples, features)``."""
        return self._run(parameters, tasks, self.episodes_per_task, key).observations.flatten(1, 2)

    def representations(self, parameters: Parameters, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the layers of the mean's network compute, ``(tasks, samples, units)``."""
        return self.policy.representations(parameters, inputs)

    def rank(self, scores: Mapping[str, float]) -> list[float]:
        """By the scores that count on this benchmark."""
        return [scores[name] for name in self.benchmark.ranked_by]

    def _advantages(self, episodes: Trajectories) -> torch.Tensor:
        returns = discounted_returns(episodes.rewards, self.discount)
        baseline = LinearFeatureBaseline.fit(episodes.observations, returns)
        horizon = episodes.rewards.shape[1]
        final = baseline.predict(episodes.final_observations.unsqueeze(1), first_step=horizon).squeeze(1)
        return generalized_advantages(
            episodes.rewards,
            baseline.predict(episodes.observations),
            final,
            torch.zeros_like(final, dtype=torch.bool),
            self.discount,
            self.gae_lambda,
        )

    def _run(self, parameters: Parameters, tasks: Sequence[Task], episodes: int, key: RandomKey | None) -> Trajectories:
        environment = self._environment(len(tasks) * episodes)  # which compiles, the first time on a GPU
        started = time.perf_counter()
        trajectories = collect_trajectories(self.policy, parameters, environment, tasks, key)
        self.cost.samples += environment.num_worlds * environment.horizon
        self.cost.seconds += time.perf_counter() - started
        self.cost.warnings.update({name: int(counts.sum()) for name, counts in environment.warnings().items()})
        unstable = environment.unstable().view(len(tasks), episodes).any(1)
        if unstable.any():
            raise NotFiniteError("the simulation", int(unstable.nonzero()[0]))
        return trajectories

    def _environment(self, num_worlds: int) -> BatchedEnvironment:
        if num_worlds not in self._environments:
            self._environments[num_worlds] = self.benchmark.make_environment(num_worlds, self.num_threads, self.physics)
        return self._environments[num_worlds]


def _scores(episodes: Trajectories) -> dict[str, torch.Tensor]:
    """Return, any-step and last-step success, and the first successful step (the horizon where there is none)."""
    successes = episodes.successes
    horizon = successes.shape[1]
    ever = successes.any(1)
    first = torch.where(ever, successes.to(torch.uint8).argmax(1) + 1, horizon)
    return {
        "return": episodes.rewards.sum(1).mean(1),
        "success_any": ever.to(episodes.rewards).mean(1),
        "success_last": successes[:, -1].to(episodes.rewards).mean(1),
        "time_to_success": first.to(episodes.rewards).mean(1),
    }
