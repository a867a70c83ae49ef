"""What is learned: named tensors."""

import torch

Parameters = dict[str, torch.Tensor]
"""Meta-parameters ``(...)``, or one set of weights per task ``(tasks, ...)``."""


def gradients(loss: torch.Tensor, parameters: Parameters, *, create_graph: bool = False) -> Parameters:
    """The derivative of a scalar by every parameter.

    Args:
        loss: a scalar.
        parameters: tensors that require a gradient.
        create_graph: whether the derivatives can be differentiated again.

    Raises:
        ValueError: the loss does not depend on some of the parameters.
    """
    wanted = list(parameters.values())
    found = (
        torch.autograd.grad(loss, wanted, create_graph=create_graph, allow_unused=True)
        if loss.requires_grad
        else [None] * len(wanted)
    )
    slopes = {name: slope for name, slope in zip(parameters, found, strict=True) if slope is not None}
    unused = [name for name in parameters if name not in slopes]
    if unused:
        raise ValueError(f"the loss does not depend on {', '.join(unused)}")
    return slopes
