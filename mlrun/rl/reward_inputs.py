"""Rewards as the networks of a memory see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch

from mlrun.rl.advantages import Sharpening

_GAIN_SCALE: Final = 50.0  # rewards change by little from step to step, compared with how they differ over an episode


@dataclass(frozen=True)
class RewardInputs:
    """Scales rewards, and finds how they change.

    Attributes:
        scale: factor on rewards.
        sharpening: another form of the rewards that is seen too; None for no other.
        changes: whether changes of rewards are seen too.
    """

    scale: float = 1.0
    sharpening: Sharpening | None = None
    changes: bool = False

    @property
    def size(self) -> int:
        """The number of forms in which rewards are seen."""
        return 1 if self.sharpening is None else 2

    @property
    def input_size(self) -> int:
        """The number of inputs of a network: of the rewards, and of their changes."""
        return 2 * self.size if self.changes else self.size

    def scaled(self, rewards: torch.Tensor) -> torch.Tensor:
        """All forms of rewards ``(...)``, scaled, ``(..., size)``."""
        forms = [rewards] if self.sharpening is None else [rewards, self.sharpening(rewards)]
        return self.scale * torch.stack(forms, -1)

    def gains(self, before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
        """What a network sees of the changes between scaled rewards, ``(..., size)``; ``(..., 0)`` if it sees none.

        The sign of a change tells whether the last movement led towards the goal. A network can hardly find so small
        a difference between its inputs. Large changes are compressed.
        """
        return (_GAIN_SCALE * (after - before)).asinh() if self.changes else after[..., :0]
