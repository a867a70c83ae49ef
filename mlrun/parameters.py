"""Parameters, which are named tensors, and their gradients."""

import torch

Parameters = dict[str, torch.Tensor]
"""Meta-parameters ``(...)``, or one set of weights per task ``(tasks, ...)``."""


def gradients(loss: torch.Tensor, parameters: Parameters, *, create_graph: bool = False) -> Parameters:
    """The gradient of a scalar with respect to each parameter.

    Args:
        loss: a scalar.
        parameters: tensors that require a gradient.
        create_graph: whether the gradients can be differentiated again.

    Raises:
        ValueError: the loss does not depend on one of the parameters.
    """
    wanted = list(parameters.values())
    found = (
        torch.autograd.grad(loss, wanted, create_graph=create_graph, allow_unused=True)
        if loss.requires_grad
        else [None] * len(wanted)
    )
    by_name = {name: gradient for name, gradient in zip(parameters, found, strict=True) if gradient is not None}
    unused = [name for name in parameters if name not in by_name]
    if unused:
        raise ValueError(f"the loss does not depend on {', '.join(unused)}")
    return by_name
