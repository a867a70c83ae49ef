"""Reptile for any module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import torch
from torch import nn

from mlrun.modules.cloning import cloned_tensors
from mlrun.modules.gradient_step import not_learned
from mlrun.modules.learner import Learner
from mlrun.modules.task_data import stack_tasks


class Reptile(Learner):
    """Reptile (Nichol et al. 2018, algorithm 2): moves towards the clones after a few steps on their tasks.

    ```
    clones = [reptile.clone() for task in tasks]    # then a few clone.adapt(loss) each
    optimiser.zero_grad()
    reptile.backward(clones)                        # .grad = θ - mean φ
    optimiser.step()
    ```

    ``backward`` stores the difference as a gradient, so the outer step can use any optimiser, schedule and clipping.
    Plain SGD with learning rate ε is the interpolation of the paper, ``θ + ε (mean φ - θ)``. The paper uses Adam too.

    ``adapt_batch`` takes all steps on the same examples. The gain of Reptile over joint training comes from steps on
    different minibatches of a task, because Reptile aligns their gradients (section 5). For such steps use clones, and
    call ``adapt`` once for each minibatch.

    No graph is kept between inner steps. The parameters of a clone are leaves, so an optimiser of `torch.optim` can
    take the inner steps instead of ``adapt``.

    Args:
        model: the model to wrap. It has at least one parameter.
        lr: the learning rate of the inner steps, finite and above 0: a number, or a tensor with one element. It is not
            learned.
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
        super().__init__(model, not_learned(lr), True, allow_unused, allow_nograd)

    def clone(self, allow_unused: bool | None = None, allow_nograd: bool | None = None) -> Self:
        """A copy with its own parameters and buffers. Each argument replaces the setting of the same name."""
        tensors = {key: tensor.detach() for key, tensor in cloned_tensors(self.module).items()}
        for parameter in self.module.parameters():
            tensors[id(parameter)] = nn.Parameter(tensors[id(parameter)], requires_grad=parameter.requires_grad)
        return self._clone_with(tensors, allow_unused=allow_unused, allow_nograd=allow_nograd)

    def adapt(self, loss: torch.Tensor, allow_unused: bool | None = None, allow_nograd: bool | None = None) -> None:
        """Takes one gradient step with this clone, in place. Arguments and errors are as in `MAML.adapt`."""
        self._require_clone()
        before = dict(self.module.named_parameters())
        after = self._after_step(before, loss, True, allow_unused, allow_nograd)
        with torch.no_grad():
            for name, tensor in before.items():
                tensor.copy_(after[name])

    @torch.no_grad()
    def backward(self, adapted: Sequence[Reptile] | Mapping[str, torch.Tensor]) -> None:
        """Adds ``θ - mean φ`` to the ``.grad`` of every parameter θ that requires a gradient.

        Args:
            adapted: the clones after their steps, or the result of ``adapt_batch``.

        Raises:
            ValueError: the list of clones is empty.
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
    return stack_tasks(clones)
