"""How far adaptation moves parameters."""

from __future__ import annotations

import torch


def distance(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """``|θ' - θ|`` of every task, ``(tasks,)``, from parameters as vectors ``(tasks, numbers)``."""
    return (after - before).norm(dim=1)


def relative_distance(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """``|θ' - θ| / |θ|`` of every task, ``(tasks,)``; not a number where θ is 0, which nothing is relative to."""
    length = before.norm(dim=1)
    return torch.where(length > 0, distance(before, after) / length, torch.nan)
