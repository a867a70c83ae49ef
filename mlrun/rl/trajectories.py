"""Episodes of a batch of tasks: how they are collected and stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch

from mlrun.benchmarks.environment import TaskEnvironment
from mlrun.benchmarks.task import Task
from mlrun.finite import require_finite_tasks
from mlrun.interruption import interruption_point
from mlrun.learner import AdaptedLearner, Memory
from mlrun.randomness import RandomKey
from mlrun.rl.policy import Policy, PolicyInputs
from mlrun.simulation.threads import one_torch_thread

LAST_ACTION: Final = "last action"
LAST_REWARD: Final = "last reward"
"""Names, in a memory that is not empty, of what rollouts add to it."""


@dataclass(frozen=True)
class Trajectories:
    """Episodes of equal length, truncated at the horizon.

    Attributes:
        observations: before each action, ``(tasks, steps, episodes, features)``.
        actions: as sampled, before the environment clips them, ``(tasks, steps, episodes, actions)``.
        log_probs: log-density of the actions under the policy that sampled them, ``(tasks, steps, episodes)``.
        rewards: ``(tasks, steps, episodes)``.
        successes: whether the step met the task's success criterion, ``(tasks, steps, episodes)``.
        final_observations: after the last action, ``(tasks, episodes, features)``.
        first_memory: the learner's memory at the start, ``(tasks, episodes, ...)``; empty without a memory.
        memory: its memory at the end. The next episodes of the same tasks start with it.
    """

    observations: torch.Tensor
    actions: torch.Tensor
    log_probs: torch.Tensor
    rewards: torch.Tensor
    successes: torch.Tensor
    final_observations: torch.Tensor
    first_memory: Memory = field(default_factory=dict)
    memory: Memory = field(default_factory=dict)

    @property
    def inputs(self) -> PolicyInputs:
        """What the policy saw at each step, ``(tasks, steps, episodes, ...)``."""
        return _inputs(self.observations, self.actions, self.rewards, self.first_memory)


@torch.no_grad()
def collect_trajectories(
    policy: Policy,
    learner: AdaptedLearner,
    environment: TaskEnvironment,
    tasks: Sequence[Task],
    key: RandomKey | None,
) -> Trajectories:
    """Play one episode in every world, each with the learner of the world's task.

    Args:
        policy: acts for all learners.
        learner: parameters ``(tasks, ...)``; the trajectories have their dtype and device. Its memory must be for all
            worlds of a task. If it is empty, the policy's initial memory is used.
        environment: all tasks have the same number of worlds. The first worlds are the first task's, and so on.
        tasks: one for each learner.
        key: for the action noise, which is drawn per task for the whole rollout; None acts on the mean.

    Raises:
        NotFiniteError: an action is not finite. The episodes are then useless.
    """
    parameters = learner.parameters
    like = next(iter(parameters.values()))
    steps, episodes = environment.horizon, environment.num_worlds // len(tasks)
    grid = (len(tasks), steps, episodes)
    observations = like.new_empty(*grid, environment.observation_size)
    actions = like.new_zeros(*grid, environment.action_size)
    if key is not None:
        actions.copy_(key.normal(len(tasks), (steps, episodes, environment.action_size)))
        if learner.noise is not None:
            actions.mul_(learner.noise.to(actions).view(-1, 1, 1, 1))
    rewards = torch.empty(grid, dtype=like.dtype, device=environment.device)
    successes = torch.empty(grid, dtype=torch.bool, device=environment.device)
    upload = _uploader(like, environment)
    memory = learner.memory or policy.initial_memory(parameters, episodes)
    first_memory = memory = _with_last_step(memory, actions[:, 0])

    current = environment.reset([task for task in tasks for _ in range(episodes)]).view(len(tasks), episodes, -1)
    with torch.inference_mode(), one_torch_thread():
        for step in range(steps):
            interruption_point()
            observations[:, step] = upload(current)
            inputs = _inputs_at(observations[:, step], memory, starts=step == 0)
            distribution, memory = policy.step(parameters, inputs, memory)
            action = actions[:, step]  # noise until now, or zeros
            if key is not None:
                action.mul_(distribution.std)
            action.add_(distribution.mean)
            transition = environment.step(action.flatten(0, 1).to(environment.device))
            current = transition.observation.view(len(tasks), episodes, -1)
            rewards[:, step] = transition.reward.view(len(tasks), episodes)
            successes[:, step] = transition.success.view(len(tasks), episodes)
            if memory:
                memory = {**memory, LAST_ACTION: action, LAST_REWARD: rewards[:, step].to(like)}
    require_finite_tasks("an action", actions)
    rewards = rewards.to(like)
    distribution = policy.sequence(parameters, _inputs(observations, actions, rewards, first_memory), first_memory)
    return Trajectories(
        observations=observations,
        actions=actions,
        log_probs=distribution.log_prob(actions),
        rewards=rewards,
        successes=successes.to(like.device),
        final_observations=upload(current).to(like, copy=True),  # a tensor of inference mode has no gradients
        first_memory=first_memory,
        memory={name: tensor.clone() for name, tensor in memory.items()},
    )


class GreedyActor:
    """Acts on the mean of a policy, step by step, for callers that step the worlds themselves.

    Args:
        policy: acts for all learners.
        learner: parameters ``(tasks, ...)``, and a memory for all worlds of a task, or an empty one.
        worlds: number of worlds per task.
    """

    def __init__(self, policy: Policy, learner: AdaptedLearner, worlds: int = 1) -> None:
        self._policy = policy
        self._parameters = learner.parameters
        self._like = next(iter(learner.parameters.values()))
        self._memory = _with_last_step(
            learner.memory or policy.initial_memory(learner.parameters, worlds),
            self._like.new_zeros(len(self._like), worlds, policy.action_size),
        )
        self._starts = True

    @torch.no_grad()
    def __call__(self, observations: torch.Tensor, rewards: torch.Tensor) -> torch.Tensor:
        """The next action, ``(tasks, worlds, actions)``.

        Args:
            observations: ``(tasks, worlds, features)``.
            rewards: of the step before, ``(tasks, worlds)``. They are ignored at the first step of the episode.
        """
        if self._memory and not self._starts:
            self._memory = {**self._memory, LAST_REWARD: rewards.to(self._like)}
        inputs = _inputs_at(observations.to(self._like), self._memory, starts=self._starts)
        distribution, self._memory = self._policy.step(self._parameters, inputs, self._memory)
        if self._memory:
            self._memory = {**self._memory, LAST_ACTION: distribution.mean}
        self._starts = False
        return distribution.mean


def _with_last_step(memory: Memory, like: torch.Tensor) -> Memory:
    """A memory with last action and last reward, which are 0 at the start of a trial. An empty memory stays empty.

    Args:
        memory: ``(tasks, worlds, ...)``.
        like: a tensor of the actions' form, ``(tasks, worlds, actions)``.
    """
    nothing = torch.zeros_like(like)
    return {LAST_ACTION: nothing, LAST_REWARD: nothing[..., 0], **memory} if memory else memory


def _inputs_at(observations: torch.Tensor, memory: Memory, *, starts: bool) -> PolicyInputs:
    if not memory:
        return PolicyInputs(observations)
    flags = observations.new_full(observations.shape[:2], starts, dtype=torch.bool)
    return PolicyInputs(observations, memory[LAST_ACTION], memory[LAST_REWARD], flags)


def _inputs(
    observations: torch.Tensor, actions: torch.Tensor, rewards: torch.Tensor, first_memory: Memory
) -> PolicyInputs:
    """The inputs at all steps of one episode, ``(tasks, steps, worlds, ...)``, from its actions and rewards."""
    if not first_memory:
        return PolicyInputs(observations)
    before = torch.cat((first_memory[LAST_ACTION].unsqueeze(1), actions[:, :-1]), dim=1)
    rewards_before = torch.cat((first_memory[LAST_REWARD].unsqueeze(1), rewards[:, :-1]), dim=1)
    starts = torch.zeros_like(rewards, dtype=torch.bool)
    starts[:, 0] = True
    return PolicyInputs(observations, before, rewards_before, starts)


def _uploader(like: torch.Tensor, environment: TaskEnvironment) -> Callable[[torch.Tensor], torch.Tensor]:
    """A function that copies observations to the policy's device, and does not wait until they arrive."""
    if like.device == environment.device:
        return lambda observations: observations
    size = (environment.num_worlds, environment.observation_size)
    pinned = torch.empty(size, dtype=like.dtype, pin_memory=True)

    def upload(observations: torch.Tensor) -> torch.Tensor:
        """The next call can overwrite the buffer. Before that, an action that depends on this copy has come back."""
        pinned.copy_(observations.flatten(0, 1))
        return pinned.to(like.device, non_blocking=True).view(observations.shape)

    return upload
