"""MAML for any module."""

from __future__ import annotations

from typing import Self

import torch
from torch import nn

from mlrun.modules.batched import BatchedModule, Inputs, LossFunction, call, each
from mlrun.modules.cloning import cloned_tensors, exchange
from mlrun.modules.gradient_step import added_on_success, checked_loss
from mlrun.modules.learner import Learner
from mlrun.modules.nested import task_of
from mlrun.modules.way import Way, checked_pair, checked_steps, checked_tasks, prefers_loop, take


class MAML(Learner):
    """Model-agnostic meta-learning (Finn et al. 2017, equation 1): ``φ = θ - α ∇ L(θ)``.

    Per task, ``clone`` the wrapper, ``adapt`` the clone to losses that it computed, and compute an evaluation loss with
    it: ``backward()`` on that puts meta-gradients into the wrapped model's own parameters, for any optimiser. Or adapt
    to all tasks at once: ``backward_batch``, or ``adapt_batch`` and ``forward_batch``.

    Clones have buffers of their own, so running statistics (BatchNorm) of a clone do not reach the wrapped model. Where
    modules share parameters, those of a clone do. Attributes that are plain tensors are shared. On a GPU, cuDNN cannot
    differentiate recurrent networks twice: compute their losses under ``torch.backends.cudnn.flags(enabled=False)``, or
    set ``first_order``.

    Args:
        model: what to wrap. It has at least one parameter.
        lr: α, finite and above 0: a number, or a tensor with one element, which receives a meta-gradient if it requires
            one. An ``nn.Parameter`` is one of ``parameters()`` (not of a clone's), so that the optimiser learns it.
        first_order: whether the gradient of a step counts as a constant in the meta-gradient (FOMAML).
        allow_unused: whether parameters that a loss does not depend on are left as they are, instead of refused; None
            means as ``allow_nograd`` here.
        allow_nograd: whether parameters that do not require a gradient are left as they are, instead of refused.

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
        """A copy whose ``parameters()`` are differentiable functions of the original's.

        Arguments replace the settings, each its own: ``allow_nograd=True`` does not allow unused parameters.
        """
        return self._copied(
            cloned_tensors(self.module), first_order=first_order, allow_unused=allow_unused, allow_nograd=allow_nograd
        )

    def adapt(
        self,
        loss: torch.Tensor,
        first_order: bool | None = None,
        allow_unused: bool | None = None,
        allow_nograd: bool | None = None,
    ) -> None:
        """One gradient step of this clone, in place; arguments replace settings, each its own, for this step.

        Args:
            loss: one number, computed by this clone after its last step.
            first_order: as in the class.
            allow_unused: as in the class.
            allow_nograd: as in the class.

        Raises:
            TypeError: the loss is not a tensor.
            ValueError: the loss is not one number or does not depend on the parameters, or on one that it must, or a
                parameter does not require a gradient.
            RuntimeError: this is not a clone, or under ``torch.inference_mode()``.
        """
        self._require_clone()
        first_order = self.first_order if first_order is None else first_order
        before = dict(self.module.named_parameters())
        after = self._descended(before, loss, first_order, allow_unused, allow_nograd)
        exchange(self.module, {id(tensor): after[name] for name, tensor in before.items()})

    def backward_batch(
        self,
        support: tuple[Inputs, torch.Tensor],
        query: tuple[Inputs, torch.Tensor],
        loss_fn: LossFunction,
        steps: int = 1,
        way: Way = "auto",
    ) -> torch.Tensor:
        """Adapts to a batch of tasks and adds the meta-gradient of their mean evaluation loss to every ``.grad``.

        The same as ``adapt_batch``, ``forward_batch``, ``loss_fn`` of each task's query set, the mean, and
        ``backward()``, but where tasks go one after the other the graph of only one is in memory at a time, which is
        faster too. If a task fails, the ``.grad`` of ``parameters()`` and of ``lr`` stay as they were.

        Args:
            support: what each task adapts to, as in ``adapt_batch``.
            query: what the adapted parameters are evaluated on, likewise.
            loss_fn: as in ``adapt_batch``.
            steps: as in ``adapt_batch``.
            way: as in ``adapt_batch``.

        Returns:
            Each task's evaluation loss, ``(tasks,)``, without a graph.

        Raises:
            ValueError: no evaluation loss depends on the parameters, or as in ``adapt``.
        """
        steps = checked_steps(steps)
        pairs = checked_pair(support), checked_pair(query)
        num_tasks = checked_tasks(*(tensor for inputs, targets in pairs for tensor in (*each(inputs), targets)))

        def batched(randomness: str) -> torch.Tensor:
            model = BatchedModule(self.module, num_tasks, randomness=randomness)
            parameters = self._adapted_together(model, num_tasks, support, loss_fn, steps, keep_graph=True)
            return model.losses(parameters, *query, loss_fn)

        def loop() -> torch.Tensor:
            return torch.stack([evaluated(task_of(support, task), task_of(query, task)) for task in range(num_tasks)])

        def evaluated(support: tuple[Inputs, torch.Tensor], query: tuple[Inputs, torch.Tensor]) -> torch.Tensor:
            clone = self._adapted_alone(support, loss_fn, steps, keep_graph=True)
            loss = checked_loss(loss_fn(call(clone.module, query[0]), query[1]))
            if loss.requires_grad:
                (loss / num_tasks).backward()
            return loss.detach().reshape(())

        rate = [self.lr] if isinstance(self.lr, torch.Tensor) else []
        with torch.enable_grad(), added_on_success((*self.parameters(), *rate)) as leaves:
            losses = take(way, prefers_loop(self.module, each(support[0])[0]), batched, loop)
            if losses.requires_grad:  # those of the loop have been through it
                losses.mean().backward()
            if leaves and all(leaf.grad is None for leaf in leaves):
                raise ValueError("the evaluation loss does not depend on the parameters")
        return losses.detach()
