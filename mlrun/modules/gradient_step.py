"""The parts of a gradient step, with their checks: the learning rate, the loss, the gradients, the step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Real
from typing import Any

import torch


def checked_rate(lr: Any) -> float | torch.Tensor:
    """The learning rate: a number, or a tensor with one element.

    Raises:
        TypeError: the rate is neither a number nor a tensor.
        ValueError: the rate is not finite, is not above 0, or has not one element.
    """
    if isinstance(lr, torch.Tensor):
        if lr.numel() != 1:
            raise ValueError(f"lr must have one element, not the shape {tuple(lr.shape)}; MetaSGD has a rate for each")
    elif isinstance(lr, bool) or not isinstance(lr, Real):
        raise TypeError(f"lr must be a number or a tensor with one element, not {type(lr).__name__}")
    value = float(lr.detach() if isinstance(lr, torch.Tensor) else lr)
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"lr must be finite and greater than 0, not {value}")
    return lr if isinstance(lr, torch.Tensor) else value


def not_learned(lr: Any) -> Any:
    """The learning rate for algorithms that do not learn it: not a parameter, and no gradient reaches it."""
    return lr.detach() if isinstance(lr, torch.Tensor) else lr


def checked_loss(loss: Any) -> torch.Tensor:
    """The loss: a tensor with one element.

    Raises:
        TypeError: the loss is not a tensor.
        ValueError: the loss has several elements, or none.
    """
    if not isinstance(loss, torch.Tensor):
        raise TypeError(f"the loss must be a tensor, not {type(loss).__name__}")
    if loss.numel() != 1:
        raise ValueError(f"the loss must be one number, not a tensor of shape {tuple(loss.shape)}")
    return loss


def named_gradients(
    loss: torch.Tensor,
    parameters: Mapping[str, torch.Tensor],
    *,
    create_graph: bool,
    allow_unused: bool,
    allow_nograd: bool,
) -> dict[str, torch.Tensor]:
    """The gradients of a loss, by the names of the parameters.

    Args:
        loss: one number.
        parameters: the parameters to differentiate by, by name.
        create_graph: whether the gradients can be differentiated again.
        allow_unused: whether parameters that the loss does not depend on are left out. Otherwise they are refused.
        allow_nograd: whether parameters that do not require a gradient are left out. Otherwise they are refused.

    Raises:
        TypeError: the loss is not a tensor.
        ValueError: the loss is not one number, depends on no parameter, or a parameter is refused.
        RuntimeError: called under `torch.inference_mode`.
    """
    if torch.is_inference_mode_enabled():
        raise RuntimeError("not under torch.inference_mode(), which rules out gradients; adapt_batch allows no_grad()")
    checked_loss(loss)
    frozen = [name for name, tensor in parameters.items() if not tensor.requires_grad]
    if frozen and not allow_nograd:
        raise ValueError(
            f"{_listed(frozen)} must require a gradient, or pass allow_nograd=True to leave them as they are"
        )
    gradients = _gradients(loss, {name: parameters[name] for name in parameters if name not in frozen}, create_graph)
    if not gradients:
        raise ValueError(
            "the loss does not depend on the parameters; was it computed by this very clone, after its last step, and "
            "with gradients enabled?"
        )
    unused = [name for name in parameters if name not in gradients and name not in frozen]
    if unused and not allow_unused:
        raise ValueError(f"the loss does not depend on {_listed(unused)}; allow_unused=True leaves them as they are")
    return gradients


def after_step(parameter: torch.Tensor, gradient: torch.Tensor, rate: float | torch.Tensor) -> torch.Tensor:
    """The parameter after the step, ``φ - α g``, in the precision of φ."""
    if isinstance(rate, torch.Tensor):
        return (parameter - rate * gradient).to(parameter.dtype)
    # One pass over memory instead of two, and no extra negation in the backward pass.
    return torch.add(parameter, gradient, alpha=-rate)


@contextmanager
def added_on_success(tensors: Iterable[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Makes several calls of ``backward()`` succeed or fail as one: after an error every ``.grad`` is as it was before.

    Inside, every ``.grad`` starts empty. At the end the gradients from before are added.

    Yields:
        The tensors that are leaves and require a gradient, each once.
    """
    leaves = list({id(tensor): tensor for tensor in tensors if tensor.is_leaf and tensor.requires_grad}.values())
    before = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    try:
        yield leaves
    except BaseException:
        for leaf, old in zip(leaves, before, strict=True):
            leaf.grad = old
        raise
    with torch.no_grad():
        for leaf, old in zip(leaves, before, strict=True):
            if old is not None:
                leaf.grad = old if leaf.grad is None else old.add_(leaf.grad)


def _gradients(
    loss: torch.Tensor, parameters: Mapping[str, torch.Tensor], create_graph: bool
) -> dict[str, torch.Tensor]:
    if not (loss.requires_grad and parameters):
        return {}
    gradients = torch.autograd.grad(loss, list(parameters.values()), create_graph=create_graph, allow_unused=True)
    pairs = zip(parameters, gradients, strict=True)
    return {name: gradient for name, gradient in pairs if gradient is not None}


def _listed(names: list[str]) -> str:
    return ("parameter " if len(names) == 1 else "parameters ") + ", ".join(f"'{name}'" for name in names)
