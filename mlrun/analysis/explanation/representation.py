"""Measures of how adaptation changes the outputs of a layer on the same inputs.

CKA compares how the outputs lie to each other. It does not see a shift of all outputs alike, so the change and the
shift are measured too. Both are relative to the spread of the outputs, ``|X - mean X|``, and NaN where that is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch

from mlrun.parameters import Parameters
from mlrun.problems.protocol import IntrospectableProblem


@torch.no_grad()
def representation_change(
    problem: IntrospectableProblem, before: Parameters, after: Parameters, inputs: torch.Tensor
) -> dict[str, dict[str, torch.Tensor]]:
    """Compares the outputs of each layer before and after adaptation (Raghu et al. 2020, section 3).

    Args:
        problem: computes the outputs.
        before: parameters ``(tasks, ...)``.
        after: the same parameters after adaptation.
        inputs: inputs of each task's model, ``(tasks, samples, features)``.

    Returns:
        "similarity" (`linear_cka`), "change" (`relative_change`) and "shift" (`relative_shift`) of each layer that has
        outputs: ``(tasks,)``, float64 on the CPU.
    """
    # One task at a time: the outputs of all layers for all tasks may not fit into memory.
    by_task = [
        _compare(problem, _task(before, slot), _task(after, slot), inputs[slot : slot + 1].double())
        for slot in range(len(inputs))
    ]
    return {
        measure: {layer: torch.stack([of_task[measure][layer] for of_task in by_task]).cpu() for layer in layers}
        for measure, layers in by_task[0].items()
    }


def linear_cka(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Linear centred kernel alignment: how similar two representations of the same inputs are.

    It is ``|YᵀX|² / (|XᵀX| |YᵀY|)`` with Frobenius norms of centred features (Kornblith et al. 2019, eq. 5). It is 1 if
    the two differ only by a shift, a rotation and one scale. It is 0 if there is no linear relation between them. It is
    biased upwards unless there are many more samples than units.

    Args:
        one: X, ``(samples, units)``.
        other: Y, ``(samples, other units)``.

    Returns:
        A scalar from 0 to 1. NaN if X or Y is the same for all inputs.
    """
    one, other = centred(one), centred(other)
    # All three norms are rounded alike, so that the similarity of a representation with itself is exactly 1.
    return _norm(other, one) ** 2 / (_norm(one, one) * _norm(other, other))


def relative_change(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """``|X' - X| / |X - mean X|``, a scalar. X and X' are features ``(samples, units)`` of the same inputs."""
    return _per_spread((after - before).norm(), before)


def relative_shift(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """The part of the change that all inputs share, ``√samples |mean(X' - X)| / |X - mean X|``, a scalar."""
    return _per_spread(len(before) ** 0.5 * (after - before).mean(0).norm(), before)


def centred(features: torch.Tensor) -> torch.Tensor:
    """Features ``(samples, units)`` minus their mean over samples. Exactly 0 for a unit that is the same in all."""
    difference = features - features.mean(0)
    rounding = len(features) * torch.finfo(features.dtype).eps * features.abs().amax(0)
    return torch.where(difference.abs().amax(0) > rounding, difference, 0)


_MEASURES: Final[dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]] = {
    "similarity": linear_cka,
    "change": relative_change,
    "shift": relative_shift,
}


def _compare(
    problem: IntrospectableProblem, before: Parameters, after: Parameters, inputs: torch.Tensor
) -> dict[str, Parameters]:
    """The measures of one task, a scalar for each layer."""
    one, other = problem.representations(before, inputs), problem.representations(after, inputs)
    return {
        name: {layer: measure(one[layer][0], other[layer][0]) for layer in one} for name, measure in _MEASURES.items()
    }


def _task(parameters: Parameters, slot: int) -> Parameters:
    return {name: tensor[slot : slot + 1].detach().double() for name, tensor in parameters.items()}


def _norm(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return torch.linalg.norm(one.T @ other)


def _per_spread(length: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    spread = centred(features).norm()
    return torch.where(spread > 0, length / spread, torch.nan)
