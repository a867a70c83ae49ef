"""Episodes of a batch of tasks, and how they are collected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from mlrun.benchmarks.protocol import BatchedEnvironment
from mlrun.benchmarks.task import Task
from mlrun.finite import require_finite_tasks
from mlrun.interruption import interruption_point
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.policy import GaussianMLPPolicy
from mlrun.simulation.threads import one_torch_thread


@dataclass(frozen=True)
class Trajectories:
    """Episodes of equal length that were truncated at the horizon.

    Attributes:
        observations: before each action, ``(tasks, steps, episodes, features)``.
        actions: as sampled, before the environment clips them, ``(tasks, steps, episodes, actions)``.
        log_probs: log-density of the actions under the policy that sampled them, ``(tasks, steps, episodes)``.
        rewards: ``(tasks, steps, episodes)``.
        successes: whether the step met the task's success criterion, ``(tasks, steps, episodes)``.
        final_observations: after the last action, ``(tasks, episodes, features)``.
    """

    observations: torch.Tensor
    actions: torch.Tensor
    log_probs: torch.Tensor
    rewards: torch.Tensor
    successes: torch.Tensor
    final_observations: torch.Tensor


@torch.no_grad()
def collect_trajectories(
    policy: GaussianMLPPolicy,
    parameters: Parameters,
    environment: BatchedEnvironment,
    tasks: Sequence[Task],
    key: RandomKey | None,
) -> Trajectories:
    """Run every task's own policy in its own share of the environment's worlds.

    Args:
        policy: the network's shape.
        parameters: tensors ``(tasks, ...)``; their dtype and device are the trajectories'.
        environment: its worlds are split evenly, the first ``episodes`` of them for the first task, and so on.
        tasks: one per set of parameters.
        key: of the action noise, drawn per task for the whole rollout; None acts on the mean.

    Raises:
        NotFiniteError: an action is not finite, so the simulation that followed means nothing.
    """
    like = parameters["log_std"]
    steps, episodes = environment.horizon, environment.num_worlds // len(tasks)
    grid = (len(tasks), steps, episodes)
    observations = like.new_empty(*grid, environment.observation_size)
    actions = like.new_zeros(*grid, environment.action_size)
    if key is not None:
        actions.copy_(key.normal(len(tasks), (steps, episodes, environment.action_size)))
        actions *= policy.std(parameters)[:, None, None]
    rewards = torch.empty(grid, dtype=like.dtype, device=environment.device)
    successes = torch.empty(grid, dtype=torch.bool, device=environment.device)
    upload = _uploader(like, environment)

    goals = torch.tensor([task.parameters for task in tasks], dtype=torch.float64)
    current = environment.reset(goals.repeat_interleave(episodes, dim=0)).view(len(tasks), episodes, -1)
    with torch.inference_mode(), one_torch_thread():
        for step in range(steps):
            interruption_point()
            observations[:, step] = upload(current)
            action = actions[:, step].add_(policy.mean(parameters, observations[:, step]))
            transition = environment.step(action.flatten(0, 1).to(environment.device))
            current = transition.observation.view(len(tasks), episodes, -1)
            rewards[:, step] = transition.reward.view(len(tasks), episodes)
            successes[:, step] = transition.success.view(len(tasks), episodes)
    require_finite_tasks("an action", actions)
    log_probs = policy(parameters, observations.flatten(1, 2)).log_prob(actions.flatten(1, 2)).view(grid)
    return Trajectories(
        observations, actions, log_probs, rewards.to(like), successes.to(like.device), upload(current).to(like)
    )


def _uploader(like: torch.Tensor, environment: BatchedEnvironment) -> Callable[[torch.Tensor], torch.Tensor]:
    """What brings observations to the policy's device, without waiting for their arrival."""
    if like.device == environment.device:
        return lambda observations: observations
    size = (environment.num_worlds, environment.observation_size)
    pinned = torch.empty(size, dtype=like.dtype, pin_memory=True)

    def upload(observations: torch.Tensor) -> torch.Tensor:
        """The next call may overwrite the buffer: by then an action that depends on this copy has come back."""
        pinned.copy_(observations.flatten(0, 1))
        return pinned.to(like.device, non_blocking=True).view(observations.shape)

    return upload
