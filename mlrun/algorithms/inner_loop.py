"""Adaptation by gradient descent, for all tasks of a batch at once."""

from __future__ import annotations

from typing import Any

import torch

from mlrun.algorithms.protocol import Problem
from mlrun.parameters import Parameters


def expand_to_tasks(parameters: Parameters, num_tasks: int) -> Parameters:
    """One set of weights per task: views ``(tasks, ...)`` of the meta-parameters, which copy nothing."""
    return {name: tensor.expand(num_tasks, *tensor.shape) for name, tensor in parameters.items()}


def gradient_step(
    problem: Problem, parameters: Parameters, data: Any, learning_rate: float, *, second_order: bool = False
) -> Parameters:
    """``φ - α ∇ L_inner(φ)``, every task on its own loss.

    Where the parameters require a gradient the result does too: with ``second_order`` it sees how the step depends
    on them, without it the step counts as a constant (first-order MAML).

    Args:
        problem: gives the inner loss.
        parameters: tensors ``(tasks, ...)``.
        data: what each task adapts to.
        learning_rate: α.
        second_order: whether to differentiate through the gradient.

    Raises:
        ValueError: the loss does not depend on some of the parameters.
    """
    with torch.enable_grad():
        active = {
            name: tensor if tensor.requires_grad else tensor.detach().requires_grad_()
            for name, tensor in parameters.items()
        }
        loss = problem.inner_loss(active, data).sum()  # tasks share nothing, so the sum keeps gradients apart
        gradients = torch.autograd.grad(loss, list(active.values()), create_graph=second_order, allow_unused=True)
    unused = [name for name, gradient in zip(active, gradients, strict=True) if gradient is None]
    if unused:
        raise ValueError(f"the inner loss does not depend on {', '.join(unused)}")
    return {
        name: tensor - learning_rate * gradient
        for (name, tensor), gradient in zip(parameters.items(), gradients, strict=True)
    }
