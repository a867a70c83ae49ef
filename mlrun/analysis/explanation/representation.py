"""How adaptation changes what the layers of a model compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch

from mlrun.analysis.explanation.cka import linear_cka
from mlrun.analysis.explanation.displacement import relative_change, relative_shift
from mlrun.parameters import Parameters
from mlrun.problems.protocol import IntrospectableProblem

_MEASURES: Final[dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]] = {
    "similarity": linear_cka,
    "change": relative_change,
    "shift": relative_shift,
}


@torch.no_grad()
def representation_change(
    problem: IntrospectableProblem, before: Parameters, after: Parameters, inputs: torch.Tensor
) -> dict[str, dict[str, torch.Tensor]]:
    """What adaptation does to each layer's output (Raghu et al. 2020, section 3), on the same inputs before and after.

    Args:
        problem: whose model it is.
        before: parameters ``(tasks, ...)``.
        after: the same after adaptation.
        inputs: what each task's model is looked at on, ``(tasks, samples, features)``.

    Returns:
        "similarity" (linear CKA), "change" and "shift" (relative to how far outputs lie apart) of each layer that
        computes something from its inputs: ``(tasks,)`` in float64 on the CPU.
    """
    # One task at a time: all layers' outputs for all tasks can be more than there is memory.
    by_task = [
        _changes(problem, _task(before, slot), _task(after, slot), inputs[slot : slot + 1].double())
        for slot in range(len(inputs))
    ]
    return {
        measure: {layer: torch.stack([of_task[measure][layer] for of_task in by_task]).cpu() for layer in layers}
        for measure, layers in by_task[0].items()
    }


def _changes(
    problem: IntrospectableProblem, before: Parameters, after: Parameters, inputs: torch.Tensor
) -> dict[str, Parameters]:
    one, other = problem.representations(before, inputs), problem.representations(after, inputs)
    return {
        name: {layer: measure(one[layer][0], other[layer][0]) for layer in one} for name, measure in _MEASURES.items()
    }


def _task(parameters: Parameters, slot: int) -> Parameters:
    return {name: tensor[slot : slot + 1].detach().double() for name, tensor in parameters.items()}
