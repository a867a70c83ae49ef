"""Trials: consecutive episodes of one task, with the learner's memory kept between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from mlrun.learner import Memory
from mlrun.rl.policy import PolicyInputs
from mlrun.rl.trajectories import Trajectories

Span = Literal["trial", "episode"]
"""What gradients pass through: whole trials, or single episodes with the memory that each began with."""


@dataclass(frozen=True)
class Trial:
    """Trials of equal length. Their tensors are those of `Trajectories`, with the steps of all episodes in a row.

    Attributes:
        episodes: of every task, in the order in which they were played.
    """

    episodes: Sequence[Trajectories]

    @property
    def inputs(self) -> PolicyInputs:
        """What the policy saw at each step, ``(tasks, steps, trials, ...)``."""
        return PolicyInputs.joined([episode.inputs for episode in self.episodes])

    @property
    def actions(self) -> torch.Tensor:
        """As sampled, ``(tasks, steps, trials, actions)``."""
        return torch.cat([episode.actions for episode in self.episodes], 1)

    @property
    def log_probs(self) -> torch.Tensor:
        """Log-density of the actions under the policy that sampled them, ``(tasks, steps, trials)``."""
        return torch.cat([episode.log_probs for episode in self.episodes], 1)

    @property
    def rewards(self) -> torch.Tensor:
        """``(tasks, steps, trials)``."""
        return torch.cat([episode.rewards for episode in self.episodes], 1)

    @property
    def after(self) -> PolicyInputs:
        """What the policy would see next if the last episode went on, ``(tasks, 1, trials, ...)``."""
        last = self.episodes[-1]
        return PolicyInputs(
            last.final_observations.unsqueeze(1),
            last.actions[:, -1:],
            last.rewards[:, -1:],
            torch.zeros_like(last.successes[:, -1:]),
        )

    def sequences(self, values: torch.Tensor, span: Span) -> torch.Tensor:
        """Cut what belongs to the steps of the trials into the sequences that gradients pass through.

        Args:
            values: ``(tasks, steps, trials, ...)``.
            span: what a sequence is.

        Returns:
            ``(1, steps, sequences, ...)``. Those of the first task come first, and so on. All tasks have equally many.
        """
        parts = values.unflatten(1, (len(self.episodes) if span == "episode" else 1, -1))
        return parts.movedim(2, 0).flatten(1, 3).unsqueeze(0)

    def sequences_of_inputs(self, span: Span) -> PolicyInputs:
        """The `sequences` of what the policy saw."""
        return self.inputs.map(lambda part: self.sequences(part, span))


def first_memories(memories: Sequence[Memory], span: Span) -> Memory:
    """The memory at the start of each of a trial's sequences, ``(1, sequences, ...)``.

    Args:
        memories: at the start of each episode, ``(tasks, trials, ...)``.
        span: what a sequence is.
    """
    starts = memories if span == "episode" else memories[:1]
    together = {name: torch.stack([memory[name] for memory in starts], 1) for name in starts[0]}
    return {name: tensor.flatten(0, 2).unsqueeze(0) for name, tensor in together.items()}


def choose(inputs: PolicyInputs, memory: Memory, chosen: torch.Tensor) -> tuple[PolicyInputs, Memory]:
    """Some of the sequences: of their inputs ``(1, steps, sequences, ...)``, and of the memories that they start with.

    Args:
        inputs: of all sequences.
        memory: ``(1, sequences, ...)``.
        chosen: their numbers.
    """
    return inputs.map(lambda part: part[:, :, chosen]), {name: tensor[:, chosen] for name, tensor in memory.items()}
