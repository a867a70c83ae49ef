"""Returns and advantages of batched episodes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Sharpening:
    """Rewards for learning: monotone in the rewards, steep near the largest one, where the rewards may be flat.

    It is ``-c log((maximum + offset - reward) / (maximum + offset))``, with ``c`` such that 0 and the maximum stay as
    they are. Rewards above the maximum count as the maximum.

    Attributes:
        maximum: the largest reward.
        offset: added to what is missing to it. The smaller, the steeper at the top.
    """

    maximum: float
    offset: float

    def __call__(self, rewards: torch.Tensor) -> torch.Tensor:
        """The rewards for learning, of the same shape."""
        top = self.maximum + self.offset
        missing = (top - rewards).clamp_min(self.offset)
        return (missing / top).log() * (self.maximum / math.log(self.offset / top))


def discounted_returns(rewards: torch.Tensor, discount: float) -> torch.Tensor:
    """The discounted return from every step on.

    Args:
        rewards: ``(tasks, steps, episodes)``.
        discount: factor per step.

    Returns:
        ``(tasks, steps, episodes)``. The sum ends at the end of the episode.
    """
    returns = torch.empty_like(rewards)
    running = torch.zeros_like(rewards[:, 0])
    for step in reversed(range(rewards.shape[1])):
        running = rewards[:, step] + discount * running
        returns[:, step] = running
    return returns


def generalized_advantages(
    rewards: torch.Tensor,
    values: torch.Tensor,
    final_values: torch.Tensor,
    terminated: torch.Tensor,
    discount: float,
    gae_lambda: float,
) -> torch.Tensor:
    """Generalized advantage estimates (Schulman et al. 2016, equation 16).

    Args:
        rewards: ``(tasks, steps, episodes)``.
        values: value of the observation before each step, ``(tasks, steps, episodes)``.
        final_values: value of the observation after the last step, ``(tasks, episodes)``. That is the episode's own
            last observation, not the one that the next reset returns.
        terminated: whether the episode reached a terminal state, ``(tasks, episodes)``. Then nothing follows it. A
            truncated episode is bootstrapped with ``final_values``.
        discount: factor per step.
        gae_lambda: 0 for one-step temporal differences, 1 for Monte-Carlo returns.

    Returns:
        ``(tasks, steps, episodes)``, not normalised.
    """
    advantages = torch.empty_like(rewards)
    next_value = torch.where(terminated, 0.0, final_values)
    running = torch.zeros_like(next_value)
    for step in reversed(range(rewards.shape[1])):
        error = rewards[:, step] + discount * next_value - values[:, step]
        running = error + discount * gae_lambda * running
        advantages[:, step] = running
        next_value = values[:, step]
    return advantages


def normalise_per_task(advantages: torch.Tensor) -> torch.Tensor:
    """Advantages with mean 0 and standard deviation 1 within each task, ``(tasks, ...)``."""
    dimensions = tuple(range(1, advantages.ndim))
    centred = advantages - advantages.mean(dimensions, keepdim=True)
    return centred / (centred.square().mean(dimensions, keepdim=True).sqrt() + 1e-8)
