"""MAML for any module."""

from __future__ import annotations

from typing import Self

import torch
from torch import nn

from mlrun.modules.cloning import cloned_tensors, exchange
from mlrun.modules.forward import BatchedModule, call
from mlrun.modules.gradient_step import added_on_success, checked_loss
from mlrun.modules.learner import Learner
from mlrun.modules.method import Method, prefers_loop, run
from mlrun.modules.task_data import (
    Inputs,
    LossFunction,
    as_tuple,
    checked_pair,
    checked_steps,
    checked_tasks,
    task_of,
)


class MAML(Learner):
    """Model-agnostic meta-learning (Finn et al. 2017, equation 1): ``φ = θ - α ∇ L(θ)``.

    For each task: ``clone`` the wrapper, ``adapt`` the clone to losses that this clone computed, compute an evaluation
    loss with the clone, and call ``backward()`` on that loss. This adds the meta-gradient to the parameters of the
    wrapped model, where any optimiser can use it. To adapt to all tasks in one call, use ``backward_batch``, or
    ``adapt_batch`` and ``forward_batch``.

    Every clone has its own buffers, so the running statistics of its BatchNorm layers do not reach the wrapped model.
    If modules of the model share parameters, the modules of a clone share them too. An attribute that is a plain tensor
    is shared by the model and its clones. On a GPU, cuDNN cannot differentiate recurrent networks twice: compute their
    losses under ``torch.backends.cudnn.flags(enabled=False)``, or set ``first_order``.

    Args:
        model: the model to wrap. It has at least one parameter.
        lr: α, finite and above 0: a number, or a tensor with one element. A tensor that requires a gradient receives a
            meta-gradient. An ``nn.Parameter`` is one of the wrapper's ``parameters()``, so that the optimiser learns
            it. It is not among the ``parameters()`` of a clone.
        first_order: whether the meta-gradient treats the gradient of a step as a constant (FOMAML).
        allow_unused: whether ``adapt`` leaves parameters as they are if the loss does not depend on them. Otherwise it
            refuses them. None stands for the value of ``allow_nograd``.
        allow_nograd: whether ``adapt`` leaves parameters as they are if they do not require a gradient. Otherwise it
            refuses them.

    Raises:
        TypeError: ``model`` is not a module, or ``lr`` not a number.
        ValueError: ``model`` has no parameters, or ``lr`` is not finite or not above 0.
    """

    def __init__(
        self,
        model: nn.Module,
        lr: float | torch.Tensor,
        first_order: bool = False,
        allow_unused: bool | None = None,
        allow_nograd: bool = False,
    ) -> None:
        super().__init__(model, lr, first_order, allow_unused, allow_nograd)

    def clone(
        self, first_order: bool | None = None, allow_unused: bool | None = None, allow_nograd: bool | None = None
    ) -> Self:
        """A copy whose ``parameters()`` are differentiable functions of the parameters of the original.

        Each argument replaces the setting of the same name: ``allow_nograd=True`` does not allow unused parameters.
        """
        return self._clone_with(
            cloned_tensors(self.module), first_order=first_order, allow_unused=allow_unused, allow_nograd=allow_nograd
        )

    def adapt(
        self,
        loss: torch.Tensor,
        first_order: bool | None = None,
        allow_unused: bool | None = None,
        allow_nograd: bool | None = None,
    ) -> None:
        """Takes one gradient step with this clone, in place.

        Each argument except the loss replaces the setting of the same name for this step.

        Args:
            loss: one number, which this clone computed after its last step.
            first_order: as in the class.
            allow_unused: as in the class.
            allow_nograd: as in the class.

        Raises:
            TypeError: the loss is not a tensor.
            ValueError: the loss is not one number or depends on no parameter, or a parameter is unused or does not
                require a gradient and that is not allowed.
            RuntimeError: this is not a clone, or it is called under ``torch.inference_mode()``.
        """
        self._require_clone()
        first_order = self.first_order if first_order is None else first_order
        before = dict(self.module.named_parameters())
        after = self._after_step(before, loss, first_order, allow_unused, allow_nograd)
        exchange(self.module, {id(tensor): after[name] for name, tensor in before.items()})

    def backward_batch(
        self,
        support: tuple[Inputs, torch.Tensor],
        query: tuple[Inputs, torch.Tensor],
        loss_fn: LossFunction,
        steps: int = 1,
        way: Method = "auto",
    ) -> torch.Tensor:
        """Adapts to a batch of tasks and adds the meta-gradient of their mean evaluation loss to every ``.grad``.

        The result equals that of ``adapt_batch``, ``forward_batch``, the mean of ``loss_fn`` over the query sets, and
        ``backward()``. In a loop over the tasks, however, only the graph of one task is in memory at a time, which is
        also faster. If a task fails, the ``.grad`` of ``parameters()`` and of ``lr`` stay as they were.

        Args:
            support: inputs and targets that each task adapts to, as in ``adapt_batch``.
            query: inputs and targets that the adapted parameters are evaluated on, in the same form.
            loss_fn: as in ``adapt_batch``.
            steps: as in ``adapt_batch``.
            way: as in ``adapt_batch``.

        Returns:
            The evaluation loss of each task, ``(tasks,)``, without a graph.

        Raises:
            ValueError: no evaluation loss depends on the parameters.
            TypeError, ValueError, RuntimeError: as in ``adapt``.
        """
        steps = checked_steps(steps)
        pairs = checked_pair(support), checked_pair(query)
        num_tasks = checked_tasks(*(tensor for inputs, targets in pairs for tensor in (*as_tuple(inputs), targets)))

        def batched(randomness: str) -> torch.Tensor:
            model = BatchedModule(self.module, num_tasks, randomness=randomness)
            parameters = self._adapt_batched(model, num_tasks, support, loss_fn, steps, keep_graph=True)
            return model.losses(parameters, *query, loss_fn)

        def loop() -> torch.Tensor:
            return torch.stack([query_loss(task_of(support, task), task_of(query, task)) for task in range(num_tasks)])

        def query_loss(support: tuple[Inputs, torch.Tensor], query: tuple[Inputs, torch.Tensor]) -> torch.Tensor:
            clone = self._adapt_clone(support, loss_fn, steps, keep_graph=True)
            loss = checked_loss(loss_fn(call(clone.module, query[0]), query[1]))
            if loss.requires_grad:
                (loss / num_tasks).backward()
            return loss.detach().reshape(())

        rate = [self.lr] if isinstance(self.lr, torch.Tensor) else []
        with torch.enable_grad(), added_on_success((*self.parameters(), *rate)) as leaves:
            losses = run(way, prefers_loop(self.module, as_tuple(support[0])[0]), batched, loop)
            if losses.requires_grad:  # the loop has already called backward() on its losses
                losses.mean().backward()
            if leaves and all(leaf.grad is None for leaf in leaves):
                raise ValueError("the evaluation loss does not depend on the parameters")
        return losses.detach()
