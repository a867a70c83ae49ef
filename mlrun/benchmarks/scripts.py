"""Episodes of scripts that need no learning."""

from collections.abc import Callable

import torch
from torch import Tensor

from mlrun.benchmarks.protocol import BatchedEnvironment

Script = Callable[[int, Tensor], Tensor]
"""The action (worlds, actions), or (actions,) for all of them, from the number of the step and the observation."""


def play(environment: BatchedEnvironment, parameters: Tensor, script: Script) -> dict[str, float]:
    """Plays a script for one episode per world, on tasks with these `parameters` (worlds, ...), float64.

    Returns:
        Mean return, share of worlds with a successful step, and share of those whose last step is successful.
    """
    observation = environment.reset(parameters)
    total = torch.zeros(environment.num_worlds, dtype=torch.float64)
    any_success = last_success = torch.zeros(environment.num_worlds, dtype=torch.bool)
    for step in range(environment.horizon):
        transition = environment.step(script(step, observation).expand(environment.num_worlds, -1))
        observation, last_success = transition.observation, transition.success
        total += transition.reward
        any_success = any_success | last_success
    return {
        "success_any": any_success.double().mean().item(),
        "success_last": last_success.double().mean().item(),
        "return": total.mean().item(),
    }
