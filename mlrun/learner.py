"""What adaptation yields: a learner for every task of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from mlrun.parameters import Parameters

Memory = dict[str, torch.Tensor]
"""What a learner carries from step to step and from episode to episode, by name: a hidden state, a belief, a posterior.

Tensors ``(tasks, worlds, ...)``. A learner can act on a task in several worlds at once; it has a memory for each. The
dict is empty for a learner that keeps all it knows in its parameters.
"""


@dataclass(frozen=True)
class AdaptedLearner:
    """A learner for every task of a batch, after some amount of experience with it.

    Gradient-based algorithms change the parameters. Recurrent ones and those that infer the task change the memory.

    Attributes:
        parameters: of each task, ``(tasks, ...)``.
        memory: of each task. If it is empty, a learner with a memory is at the start of a trial.
        data_used: episodes or examples of each task that adaptation has used so far.
        noise: factor on the action noise in each task, ``(tasks,)``; None is 1 in all of them.
    """

    parameters: Parameters
    memory: Memory = field(default_factory=dict)
    data_used: int = 0
    noise: torch.Tensor | None = None

    @property
    def worlds(self) -> int | None:
        """The number of worlds per task that it has a memory for. None without a memory: any number will do."""
        return next((tensor.shape[1] for tensor in self.memory.values()), None)

    def to(self, device: str) -> AdaptedLearner:
        """The same learner on a device."""
        return AdaptedLearner(
            {name: tensor.to(device) for name, tensor in self.parameters.items()},
            {name: tensor.to(device) for name, tensor in self.memory.items()},
            self.data_used,
            None if self.noise is None else self.noise.to(device),
        )

    def of_task(self, slot: int) -> AdaptedLearner:
        """The learner of one task, in the first of its worlds, as a batch of one. Its tensors are detached views."""
        own = slice(slot, slot + 1)
        return AdaptedLearner(
            {name: tensor[own].detach() for name, tensor in self.parameters.items()},
            {name: tensor[own, :1].detach() for name, tensor in self.memory.items()},
            self.data_used,
            None if self.noise is None else self.noise[own],
        )


def expand_to_tasks(parameters: Parameters, num_tasks: int) -> Parameters:
    """The same parameters for every task, ``(tasks, ...)``. They are views: nothing is copied."""
    return {name: tensor.expand(num_tasks, *tensor.shape) for name, tensor in parameters.items()}
