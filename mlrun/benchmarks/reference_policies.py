"""Policies that learn nothing, to compare results with, and their scores."""

from collections.abc import Callable

import torch
from torch import Tensor

from mlrun.benchmarks.protocol import Worlds

ReferencePolicy = Callable[[int, Tensor, Tensor], Tensor]
"""Chooses actions (worlds, numbers), or one (numbers,) for all worlds.

Its arguments are the number of the step, the observation, and the reward of the step before, (worlds,) float64. That
reward is 0 at step 0. A policy with a memory starts afresh at step 0.
"""


def open_loop(actions: Tensor) -> ReferencePolicy:
    """Returns the policy that takes the `actions` (steps, actions) whatever it observes."""
    return lambda step, observation, reward: actions[step]


def score_policy(worlds: Worlds, parameters: Tensor, policy: ReferencePolicy) -> dict[str, float]:
    """Plays one episode per world with a policy.

    Args:
        worlds: on the CPU.
        parameters: (worlds, numbers) float64, of each world's task.
        policy: chooses the actions.

    Returns:
        The share of worlds with a successful step, the share whose last step is successful, and the mean return.
    """
    observation = worlds.reset(parameters)
    reward = total = torch.zeros(worlds.num_worlds, dtype=torch.float64)
    any_success = last_success = torch.zeros(worlds.num_worlds, dtype=torch.bool)
    for step in range(worlds.horizon):
        transition = worlds.step(policy(step, observation, reward).expand(worlds.num_worlds, -1))
        observation, reward, last_success = transition.observation, transition.reward, transition.success
        total = total + reward
        any_success = any_success | last_success
    return {
        "success_any": any_success.double().mean().item(),
        "success_last": last_success.double().mean().item(),
        "return": total.mean().item(),
    }
