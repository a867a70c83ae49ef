"""What adaptation yields: a learner for every task of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from mlrun.parameters import Parameters

Memory = dict[str, torch.Tensor]
"""What a learner carries from step to step and from episode to episode, by name: a hidden state, a belief, a posterior.

Tensors ``(tasks, worlds, ...)``: a task can be acted on in several worlds at once, each with a memory of its own. Empty
for a learner that keeps all it knows in its parameters.
"""


@dataclass(frozen=True)
class AdaptedLearner:
    """A learner for every task of a batch, after some amount of experience with it.

    Gradient-based algorithms change the parameters. Recurrent ones and those that infer the task change the memory.

    Attributes:
        parameters: every task's own, ``(tasks, ...)``.
        memory: every task's own; empty at the start of a trial.
        data_used: what adapting has cost so far, in episodes or examples per task.
    """

    parameters: Parameters
    memory: Memory = field(default_factory=dict)
    data_used: int = 0

    @property
    def worlds(self) -> int | None:
        """In how many worlds per task this learner has a memory; None without any, where any number will do."""
        return next((tensor.shape[1] for tensor in self.memory.values()), None)

    def to(self, device: str) -> AdaptedLearner:
        """The same learner on a device."""
        return AdaptedLearner(
            {name: tensor.to(device) for name, tensor in self.parameters.items()},
            {name: tensor.to(device) for name, tensor in self.memory.items()},
            self.data_used,
        )

    def of_task(self, slot: int) -> AdaptedLearner:
        """The learner of one task of the batch, as a batch of one: views, without a graph."""
        own = slice(slot, slot + 1)
        return AdaptedLearner(
            {name: tensor[own].detach() for name, tensor in self.parameters.items()},
            {name: tensor[own].detach() for name, tensor in self.memory.items()},
            self.data_used,
        )


def expand_to_tasks(parameters: Parameters, num_tasks: int) -> Parameters:
    """One set of weights per task: views ``(tasks, ...)`` of the meta-parameters, which copy nothing."""
    return {name: tensor.expand(num_tasks, *tensor.shape) for name, tensor in parameters.items()}
