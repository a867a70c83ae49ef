"""Policies that need no learning, and how they are scored."""

from collections.abc import Callable

import torch
from torch import Tensor

from mlrun.benchmarks.protocol import Worlds

Script = Callable[[int, Tensor], Tensor]
"""The action (worlds, actions), or (actions,) for all of them, from the number of the step and the observation."""


def scripted(actions: Tensor) -> Script:
    """The policy that carries out `actions` (steps, actions), whatever it sees."""
    return lambda step, observation: actions[step]


def play(worlds: Worlds, parameters: Tensor, script: Script) -> dict[str, float]:
    """Play a script for one episode per world, on tasks with these `parameters` (worlds, numbers), float64.

    Returns:
        Mean return, share of worlds with a successful step, and share of those whose last step is successful.
    """
    observation = worlds.reset(parameters)
    total = torch.zeros(worlds.num_worlds, dtype=torch.float64)
    any_success = last_success = torch.zeros(worlds.num_worlds, dtype=torch.bool)
    for step in range(worlds.horizon):
        transition = worlds.step(script(step, observation).expand(worlds.num_worlds, -1))
        observation, last_success = transition.observation, transition.success
        total += transition.reward
        any_success = any_success | last_success
    return {
        "success_any": any_success.double().mean().item(),
        "success_last": last_success.double().mean().item(),
        "return": total.mean().item(),
    }
