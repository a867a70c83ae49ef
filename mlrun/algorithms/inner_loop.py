"""Adaptation by gradient descent, for all tasks of a batch at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from mlrun.finite import require_finite_tasks
from mlrun.interruption import interruption_point
from mlrun.parameters import Parameters, gradients
from mlrun.problems.protocol import DifferentiableProblem

Rates = Mapping[str, float | torch.Tensor]
"""A learning rate for each parameter that adapts, or one for each of its components."""


def gradient_step(
    problem: DifferentiableProblem, parameters: Parameters, data: Any, rates: Rates, *, second_order: bool = False
) -> Parameters:
    """``φ - α ∇ L_inner(φ)``, every task on its own loss.

    Where parameters or rates require a gradient the result does too: with ``second_order`` it sees how the step depends
    on the parameters, without it ``∇ L`` counts as a constant (first-order MAML).

    Args:
        problem: gives the inner loss.
        parameters: tensors ``(tasks, ...)``.
        data: what each task adapts to.
        rates: α; what is not named stays as it is.
        second_order: whether to differentiate through the gradient.

    Raises:
        ValueError: the loss does not depend on some of the parameters that should adapt, or no parameter should.
    """
    if not rates or not rates.keys() <= parameters.keys():
        unknown = ", ".join(sorted(rates.keys() - parameters.keys())) or "nothing"
        raise ValueError(f"rates must name parameters that adapt, of {', '.join(parameters)}; they name {unknown}")
    interruption_point()
    with torch.enable_grad():
        active = {
            name: tensor if tensor.requires_grad else tensor.detach().requires_grad_()
            for name, tensor in parameters.items()
        }
        losses = problem.inner_loss(active, data)
        require_finite_tasks("the inner loss", losses.detach())
        # Tasks share nothing, so the sum keeps their gradients apart.
        found = gradients(losses.sum(), {name: active[name] for name in rates}, create_graph=second_order)
    return {**parameters, **{name: parameters[name] - rate * found[name] for name, rate in rates.items()}}
