"""Policies that learn nothing, to compare results with, and their scores."""

from collections.abc import Callable

import torch
from torch import Tensor

from mlrun.benchmarks.protocol import Worlds

ReferencePolicy = Callable[[int, Tensor], Tensor]
"""Chooses actions (worlds, numbers), or one (numbers,) for all worlds, by the step's number and the observation."""


def open_loop(actions: Tensor) -> ReferencePolicy:
    """Returns the policy that takes the `actions` (steps, actions) whatever it observes."""
    return lambda step, observation: actions[step]


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
    total = torch.zeros(worlds.num_worlds, dtype=torch.float64)
    any_success = last_success = torch.zeros(worlds.num_worlds, dtype=torch.bool)
    for step in range(worlds.horizon):
        transition = worlds.step(policy(step, observation).expand(worlds.num_worlds, -1))
        observation, last_success = transition.observation, transition.success
        total += transition.reward
        any_success = any_success | last_success
    return {
        "success_any": any_success.double().mean().item(),
        "success_last": last_success.double().mean().item(),
        "return": total.mean().item(),
    }
