"""How far tasks agree on where adaptation should lead."""

from __future__ import annotations

import torch


def cosine_matrix(directions: torch.Tensor) -> torch.Tensor:
    """Cosine of every task's direction with every other's.

    Args:
        directions: ``(tasks, numbers)``.

    Returns:
        ``(tasks, tasks)``, symmetric; not a number for a task that does not move.
    """
    unit = _normalised(directions)
    return (unit @ unit.T).clamp(-1, 1)


def paired_cosines(directions: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Cosine of each direction with its counterpart, ``(tasks,)``, both given as ``(tasks, numbers)``."""
    return (_normalised(directions) * _normalised(others)).sum(1).clamp(-1, 1)


def between_tasks(matrix: torch.Tensor) -> torch.Tensor:
    """The cosines of a matrix ``(tasks, tasks)`` that are of two different tasks, each pair once."""
    row, column = torch.triu_indices(*matrix.shape, offset=1)
    return matrix[row, column]


def with_others(matrix: torch.Tensor) -> torch.Tensor:
    """The mean cosine of each task with all others, ``(tasks,)``; not a number for a single task."""
    off_diagonal = matrix.clone().fill_diagonal_(torch.nan)
    return off_diagonal.nanmean(1)


def neighbours_by_similarity(matrix: torch.Tensor) -> torch.Tensor:
    """An order of the tasks in which similar ones are neighbours, ``(tasks,)``.

    It is by the angle in the plane of the two main directions in which tasks differ, so that goals all around a start
    come in their order around it.
    """
    similarity = matrix.nan_to_num(0.0)
    differences = similarity - similarity.mean(0) - similarity.mean(1, keepdim=True) + similarity.mean()
    _, vectors = torch.linalg.eigh(differences)
    first, second = vectors[:, -1], vectors[:, -2:][:, 0]
    return torch.atan2(second, first).argsort()


def _normalised(directions: torch.Tensor) -> torch.Tensor:
    return directions / directions.norm(dim=1, keepdim=True)
