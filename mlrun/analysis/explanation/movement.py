"""Measures of how adaptation moves the parameters of a layer: how far, and whether tasks move the same way.

What is undefined is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from mlrun.parameters import Parameters

Layers = Mapping[str, Sequence[str]]
"""The names of the parameters of each layer."""


def layer_vectors(parameters: Parameters, layers: Layers) -> dict[str, torch.Tensor]:
    """Flattens the parameters of each layer to one row per task, ``(tasks, numbers)``, float64 on the CPU.

    Args:
        parameters: tensors ``(tasks, ...)``. A layer that has none of them is left out.
        layers: the names of the parameters of each layer.
    """
    present = {layer: [name for name in names if name in parameters] for layer, names in layers.items()}
    return {
        layer: torch.cat([_rows(parameters[name]) for name in names], dim=1)
        for layer, names in present.items()
        if names
    }


def split_layers(layers: Layers) -> Layers:
    """Makes a layer of each parameter: "hidden 1 weight", "hidden 1 bias", ... A single parameter keeps the name."""
    return {
        layer if len(names) == 1 else f"{layer} {name.rpartition('.')[2]}": [name]
        for layer, names in layers.items()
        for name in names
    }


def distance(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """``|θ' - θ|`` of each task, ``(tasks,)``. Both arguments are ``(tasks, numbers)``."""
    return (after - before).norm(dim=1)


def relative_distance(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """``|θ' - θ| / |θ|`` of each task, ``(tasks,)``. Both arguments are ``(tasks, numbers)``. NaN where θ is 0."""
    length = before.norm(dim=1)
    return torch.where(length > 0, distance(before, after) / length, torch.nan)


def cosine_matrix(directions: torch.Tensor) -> torch.Tensor:
    """The cosines between the directions of all pairs of tasks.

    Args:
        directions: ``θ' - θ``, ``(tasks, numbers)``.

    Returns:
        ``(tasks, tasks)``, symmetric. The row and the column of a task that does not move are NaN.
    """
    unit = _normalised(directions)
    return (unit @ unit.T).clamp(-1, 1)


def paired_cosines(directions: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """The cosine of each direction with the other one of the same row, ``(tasks,)``, from two ``(tasks, numbers)``."""
    return (_normalised(directions) * _normalised(others)).sum(1).clamp(-1, 1)


def between_tasks(matrix: torch.Tensor) -> torch.Tensor:
    """The cosines of two different tasks, ``(pairs,)``, each pair once, from a `cosine_matrix`."""
    row, column = torch.triu_indices(*matrix.shape, offset=1)
    return matrix[row, column]


def mean_with_others(matrix: torch.Tensor) -> torch.Tensor:
    """The mean cosine of each task with all others, ``(tasks,)``, from a `cosine_matrix`. NaN for a single task."""
    off_diagonal = matrix.clone().fill_diagonal_(torch.nan)
    return off_diagonal.nanmean(1)


def neighbours_by_similarity(matrix: torch.Tensor) -> torch.Tensor:
    """An order of the tasks, ``(tasks,)``, that puts similar tasks side by side.

    It sorts by the angle in the plane of the two main directions in which tasks differ. Goals on a circle around the
    start then come in their order on the circle.

    Args:
        matrix: a `cosine_matrix`.
    """
    similarity = matrix.nan_to_num(0.0)
    differences = similarity - similarity.mean(0) - similarity.mean(1, keepdim=True) + similarity.mean()
    _, vectors = torch.linalg.eigh(differences)
    first, second = vectors[:, -1], vectors[:, -2:][:, 0]
    return torch.atan2(second, first).argsort()


def _rows(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().double().cpu().reshape(len(tensor), -1)


def _normalised(directions: torch.Tensor) -> torch.Tensor:
    return directions / directions.norm(dim=1, keepdim=True)
