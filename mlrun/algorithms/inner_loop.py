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
"""A learning rate for each parameter that adapts. A tensor has one for each component of the parameter."""


def gradient_step(
    problem: DifferentiableProblem, parameters: Parameters, data: Any, rates: Rates, *, second_order: bool = False
) -> Parameters:
    """``φ - α ∇ L_inner(φ)``, for every task with its own loss.

    The result requires a gradient if the parameters or the rates do. With ``second_order``, that gradient passes
    through ``∇ L``. Without it, ``∇ L`` is a constant (first-order MAML).

    Args:
        problem: gives the inner loss.
        parameters: tensors ``(tasks, ...)``.
        data: what each task adapts to.
        rates: α. Parameters that it does not name do not change.
        second_order: whether to differentiate through the gradient.

    Raises:
        ValueError: the rates name no parameter or an unknown one, or the loss does not depend on one that they name.
        NotFiniteError: the inner loss of a task is not finite.
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
        # Tasks share no parameters, so the gradient of the sum is each task's own gradient.
        found = gradients(losses.sum(), {name: active[name] for name in rates}, create_graph=second_order)
    return {**parameters, **{name: parameters[name] - rate * found[name] for name, rate in rates.items()}}
