"""Reptile for any module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import torch
from torch import nn

from mlrun.modules.cloning import cloned_tensors
from mlrun.modules.gradient_step import without_graph
from mlrun.modules.learner import Learner
from mlrun.modules.nested import stacked


class Reptile(Learner):
    """Reptile (Nichol et al. 2018, algorithm 2): move towards what clones become after some steps on their tasks.

    ```
    clones = [reptile.clone() for task in tasks]    # then a few clone.adapt(loss) each
    optimiser.zero_grad()
    reptile.backward(clones)                        # .grad = θ - mean of φ
    optimiser.step()
    ```

    The difference is handed over as a gradient, so that any optimiser, schedule or clipping takes the outer step: plain
    SGD with rate ε is the interpolation ``θ + ε (mean φ - θ)`` itself, and Adam is what the paper uses as well.

    ``adapt_batch`` takes all its steps on the same examples. What Reptile gains beyond joint training comes from steps
    on different minibatches of a task, whose gradients it aligns (section 5): take these with clones, one ``adapt`` for
    each minibatch.

    No graph is kept between inner steps. A clone's parameters are leaves of their own, which any optimiser of
    `torch.optim` can take in place of ``adapt``.

    Args:
        model: what to wrap. It has at least one parameter.
        lr: rate of the inner steps, finite and above 0: a number, or a tensor with one element, which is not learned.
        allow_unused: as in `MAML`.
        allow_nograd: as in `MAML`.

    Raises:
        TypeError: ``model`` is not a module, or ``lr`` not a number.
        ValueError: ``model`` has no parameters, or ``lr`` is not finite or not above 0.
    """

    _keeps_graph = False

    def __init__(
        self,
        model: nn.Module,
        lr: float | torch.Tensor,
        allow_unused: bool | None = None,
        allow_nograd: bool = False,
    ) -> None:
        super().__init__(model, without_graph(lr), True, allow_unused, allow_nograd)

    def clone(self, allow_unused: bool | None = None, allow_nograd: bool | None = None) -> Self:
        """A copy with parameters and buffers of its own; arguments replace settings."""
        tensors = {key: tensor.detach() for key, tensor in cloned_tensors(self.module).items()}
        for parameter in self.module.parameters():
            tensors[id(parameter)] = nn.Parameter(tensors[id(parameter)], requires_grad=parameter.requires_grad)
        return self._copied(tensors, allow_unused=allow_unused, allow_nograd=allow_nograd)

    def adapt(self, loss: torch.Tensor, allow_unused: bool | None = None, allow_nograd: bool | None = None) -> None:
        """One gradient step of this clone, in place; arguments and errors as in `MAML.adapt`."""
        self._require_clone()
        before = dict(self.module.named_parameters())
        after = self._descended(before, loss, True, allow_unused, allow_nograd)
        with torch.no_grad():
            for name, tensor in before.items():
                tensor.copy_(after[name])

    @torch.no_grad()
    def backward(self, adapted: Sequence[Reptile] | Mapping[str, torch.Tensor]) -> None:
        """Adds ``θ - mean of φ`` to the ``.grad`` of every parameter θ that requires a gradient.

        Args:
            adapted: clones after their steps, or the result of ``adapt_batch``.

        Raises:
            ValueError: there are no clones.
        """
        means = {name: tensor.mean(0) for name, tensor in _by_name(adapted).items()}
        for name, parameter in self.module.named_parameters():
            if parameter.requires_grad:
                gradient = parameter - means[name]
                parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient


def _by_name(adapted: Sequence[Reptile] | Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    if isinstance(adapted, Mapping):
        return adapted
    clones = [dict(clone.module.named_parameters()) for clone in adapted]
    if not clones:
        raise ValueError("adapted must be at least one clone")
    return stacked(clones)
