"""What the wrappers have in common: a module whose clones adapt to tasks, one by one or a whole batch at once."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Self

import torch
from torch import nn

from mlrun.modules.batched import BatchedModule, Inputs, LossFunction, call, each
from mlrun.modules.cloning import copy_with
from mlrun.modules.gradient_step import checked_rate, named_gradients, stepped
from mlrun.modules.loop import run_in_loop
from mlrun.modules.nested import stacked, task_of
from mlrun.modules.way import Way, checked_pair, checked_steps, checked_tasks, prefers_loop, take


class Learner(nn.Module, ABC):
    """A wrapped module. Calling it calls the module, and attributes that it lacks are looked up there.

    Attributes:
        module: the wrapped model, or a clone's copy of it.
        lr: the learning rate of adaptation.
        first_order: whether an adaptation step counts as a constant when what follows is differentiated.
        allow_unused: leave parameters as they are that a loss does not depend on.
        allow_nograd: leave parameters as they are that do not require a gradient.
    """

    module: nn.Module
    lr: float | torch.Tensor
    _keeps_graph = True  # of adaptation, for the meta-gradient

    def __init__(
        self,
        model: nn.Module,
        lr: float | torch.Tensor,
        first_order: bool,
        allow_unused: bool | None,
        allow_nograd: bool,
    ) -> None:
        super().__init__()
        if not isinstance(model, nn.Module):
            raise TypeError(f"the model must be a torch.nn.Module, not {type(model).__name__}")
        if next(model.parameters(), None) is None:
            raise ValueError("the model has no parameters to adapt")
        self.module = model
        self.lr = checked_rate(lr)
        self.first_order = first_order
        self.allow_unused = allow_nograd if allow_unused is None else allow_unused
        self.allow_nograd = allow_nograd
        self._is_clone = False

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the module."""
        return self.module(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            module = self.__dict__.get("_modules", {}).get("module")
            if module is None:
                raise
            return getattr(module, name)

    @abstractmethod
    def clone(self) -> Self:
        """A copy to adapt."""

    @abstractmethod
    def adapt(self, loss: torch.Tensor) -> None:
        """One gradient step of a clone, in place."""

    def adapt_batch(
        self, support: tuple[Inputs, torch.Tensor], loss_fn: LossFunction, steps: int = 1, way: Way = "auto"
    ) -> dict[str, torch.Tensor]:
        """Adapts to a whole batch of tasks, each by gradient steps on its own support set.

        The same as ``clone`` and ``adapt`` for each task, settings and errors included. What ``forward_batch`` computes
        from the result has gradients that arrive in the wrapped model; under ``torch.no_grad()`` no graph is kept.

        Args:
            support: inputs and targets ``(tasks, samples, ...)``, all of them for every step; a tuple of inputs if the
                model takes several.
            loss_fn: maps the model's outputs for one task and that task's targets to one number, as do
                `torch.nn.functional.mse_loss` and `torch.nn.functional.cross_entropy`.
            steps: how many, at least 1.
            way: "batched" computes all tasks at once, "loop" one after the other, and "auto" does what is faster
                (`mlrun.modules.way.BATCHED_WORK`). Modules or losses that cannot be batched go through the loop: an
                LSTM, dropout, or decisions that depend on values. With "batched" they raise ``RuntimeError``, except
                that random numbers, as for dropout, are then drawn for each task, in another order than in the loop.

        Returns:
            By name all parameters of the model, and those of its buffers that a step changed, ``(tasks, ...)``.

        Raises:
            RuntimeError: under ``torch.inference_mode()``.
        """
        inputs, targets = checked_pair(support)
        num_tasks = checked_tasks(*each(inputs), targets)
        steps = checked_steps(steps)
        keep_graph = self._keeps_graph and torch.is_grad_enabled()

        def batched(randomness: str) -> dict[str, torch.Tensor]:
            model = BatchedModule(self.module, num_tasks, randomness=randomness)
            return self._adapted_together(model, num_tasks, support, loss_fn, steps, keep_graph) | model.buffers

        def loop() -> dict[str, torch.Tensor]:
            tasks = [task_of(support, task) for task in range(num_tasks)]
            clones = [self._adapted_alone(data, loss_fn, steps, keep_graph).module for data in tasks]
            return stacked([dict((*clone.named_parameters(), *clone.named_buffers())) for clone in clones])

        with torch.enable_grad():
            state = take(way, prefers_loop(self.module, each(inputs)[0]), batched, loop)
        unchanged = {name for name, buffer in self.module.named_buffers() if bool((state[name] == buffer).all())}
        return {name: t if keep_graph else t.detach() for name, t in state.items() if name not in unchanged}

    def forward_batch(self, adapted: Mapping[str, torch.Tensor], inputs: Inputs, way: Way = "auto") -> Any:
        """Runs the model on every task's inputs with that task's parameters.

        Args:
            adapted: the result of ``adapt_batch``.
            inputs: ``(tasks, samples, ...)``; a tuple of them if the model takes several.
            way: as in ``adapt_batch``.

        Returns:
            The outputs ``(tasks, samples, ...)``, in tuples, lists or dictionaries as the model returns them. Changes
            that the model makes to its buffers are dropped.

        Raises:
            TypeError: something else than tensors is among the outputs.
        """
        names = [name for name, _ in self.module.named_parameters()]
        missing = [name for name in names if name not in adapted]
        if missing:
            raise ValueError(f"adapted must be what adapt_batch returns; it lacks {', '.join(missing)}")
        num_tasks = checked_tasks(*each(inputs), *adapted.values())

        def batched(randomness: str) -> Any:
            buffers = {name: tensor for name, tensor in adapted.items() if name not in names}
            model = BatchedModule(self.module, num_tasks, buffers, randomness=randomness)
            return model({name: adapted[name] for name in names}, inputs)

        loop_is_faster = prefers_loop(self.module, each(inputs)[0])
        return take(way, loop_is_faster, batched, lambda: run_in_loop(self.module, adapted, inputs))

    def _copied(self, tensors: Mapping[int, torch.Tensor], **settings: bool | None) -> Self:
        """A clone that holds other tensors, by the ``id`` of ours, with those settings that are not None."""
        clone = copy_with(self, tensors)
        assert isinstance(clone, type(self))
        for name, value in settings.items():
            if value is not None:
                setattr(clone, name, value)
        clone._is_clone = True
        clone._share("lr", self.lr)
        return clone

    def _share(self, name: str, value: Any) -> None:
        """Sets an attribute whose tensors are not to be among ``parameters()``, as assignment would have them."""
        delattr(self, name)
        object.__setattr__(self, name, value)

    def _require_clone(self) -> None:
        if not self._is_clone:
            raise RuntimeError("only clones adapt, the wrapped model is the optimiser's: use clone() first")

    def _rates(self) -> Iterable[float | torch.Tensor]:
        """The rate of each parameter."""
        return itertools.repeat(self.lr.reshape(()) if isinstance(self.lr, torch.Tensor) else self.lr)

    def _descended(
        self,
        parameters: Mapping[str, torch.Tensor],
        loss: torch.Tensor,
        first_order: bool,
        allow_unused: bool | None = None,
        allow_nograd: bool | None = None,
    ) -> dict[str, torch.Tensor]:
        """The parameters, of one task or of all, after one gradient step."""
        gradients = named_gradients(
            loss,
            parameters,
            create_graph=not first_order,
            allow_unused=self.allow_unused if allow_unused is None else allow_unused,
            allow_nograd=self.allow_nograd if allow_nograd is None else allow_nograd,
        )
        with torch.enable_grad():
            return {
                name: stepped(tensor, gradients[name], rate) if name in gradients else tensor
                for (name, tensor), rate in zip(parameters.items(), self._rates(), strict=False)
            }

    def _adapted_together(
        self,
        model: BatchedModule,
        num_tasks: int,
        data: tuple[Inputs, torch.Tensor],
        loss_fn: LossFunction,
        steps: int,
        keep_graph: bool,
    ) -> dict[str, torch.Tensor]:
        parameters = {name: tensor.expand(num_tasks, *tensor.shape) for name, tensor in self.module.named_parameters()}
        for _ in range(steps):
            if not keep_graph:
                parameters = {name: t.detach().requires_grad_(t.requires_grad) for name, t in parameters.items()}
            loss = model.losses(parameters, *data, loss_fn).sum()  # tasks share nothing, so it keeps gradients apart
            parameters = self._descended(parameters, loss, self.first_order or not keep_graph)
        return parameters

    def _adapted_alone(
        self, data: tuple[Inputs, torch.Tensor], loss_fn: LossFunction, steps: int, keep_graph: bool
    ) -> Self:
        clone = self.clone()
        clone.first_order = self.first_order or not keep_graph
        inputs, targets = data
        for _ in range(steps):
            clone.adapt(loss_fn(call(clone.module, inputs), targets))
        return clone
