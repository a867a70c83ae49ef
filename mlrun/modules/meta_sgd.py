"""Meta-SGD for any module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import torch
from torch import nn

from mlrun.modules.gradient_step import not_learned
from mlrun.modules.maml import MAML


class MetaSGD(MAML):
    """Meta-SGD (Li et al. 2017, equation 3): MAML with a learned learning rate for every number in every parameter.

    The step is ``φ = θ - α ∘ ∇ L(θ)``. ``parameters()`` are the parameters of the model and the rates, and both receive
    meta-gradients. The ``parameters()`` of a clone are only those of its model. Everything else is as in `MAML`.

    Args:
        model: as in `MAML`.
        lr: the start value of all rates. It is not learned itself.
        first_order: as in `MAML`. The rates are learned in this case too.
        lrs: rates to use instead of ``lr``: one tensor for each of ``model.parameters()``, of a shape that broadcasts
            to the parameter.
        allow_unused: as in `MAML`.
        allow_nograd: as in `MAML`.

    Attributes:
        lrs: the rates, in the order of ``model.parameters()``. Clones share them.

    Raises:
        TypeError: as in `MAML`, or ``lrs`` is not a list of floating point tensors.
        ValueError: as in `MAML`, or ``lrs`` does not fit the parameters or is not finite.
    """

    lrs: nn.ParameterList

    def __init__(
        self,
        model: nn.Module,
        lr: float | torch.Tensor = 1.0,
        first_order: bool = False,
        lrs: Iterable[torch.Tensor] | None = None,
        allow_unused: bool | None = None,
        allow_nograd: bool = False,
    ) -> None:
        super().__init__(model, not_learned(lr), first_order, allow_unused, allow_nograd)
        if lrs is None:
            start = float(self.lr)
            lrs = [torch.full_like(parameter, start, requires_grad=False) for parameter in model.parameters()]
        lrs = _checked_fit(lrs, dict(model.named_parameters()))
        self.lrs = lrs if isinstance(lrs, nn.ParameterList) else nn.ParameterList(lrs)

    def clone(
        self, first_order: bool | None = None, allow_unused: bool | None = None, allow_nograd: bool | None = None
    ) -> Self:
        """A copy that shares the rates; everything else is as in `MAML.clone`."""
        clone = super().clone(first_order, allow_unused, allow_nograd)
        clone._share("lrs", self.lrs)
        return clone

    def _rates(self) -> Iterable[torch.Tensor]:
        return self.lrs


def _checked_fit(lrs: Any, parameters: dict[str, torch.Tensor]) -> Sequence[torch.Tensor] | nn.ParameterList:
    if isinstance(lrs, torch.Tensor) or not isinstance(lrs, Iterable):
        raise TypeError(f"lrs must be a list of tensors, one for each parameter, not {type(lrs).__name__}")
    lrs = lrs if isinstance(lrs, nn.ParameterList) else list(lrs)
    if len(lrs) != len(parameters):
        raise ValueError(f"lrs must be {len(parameters)} tensors, one for each parameter, not {len(lrs)}")
    for rate, (name, parameter) in zip(lrs, parameters.items(), strict=True):
        _check_rate(rate, name, parameter)
    return lrs


def _check_rate(rate: Any, name: str, parameter: torch.Tensor) -> None:
    if not isinstance(rate, torch.Tensor):
        raise TypeError(f"lrs: the rate of '{name}' must be a tensor, not {type(rate).__name__}")
    if not (rate.is_floating_point() or rate.is_complex()):
        raise TypeError(f"lrs: the rate of '{name}' must be floating point, not {rate.dtype}")
    pairs = zip(reversed(rate.shape), reversed(parameter.shape), strict=False)
    if rate.dim() > parameter.dim() or any(size not in (1, full) for size, full in pairs):
        raise ValueError(f"lrs: {tuple(rate.shape)} does not broadcast to '{name}' of shape {tuple(parameter.shape)}")
    if not bool(rate.isfinite().all()):
        raise ValueError(f"lrs: a rate of '{name}' is not finite")
