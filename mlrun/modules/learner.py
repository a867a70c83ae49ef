"""The base class of the wrappers: clones adapt to one task, `adapt_batch` adapts to a whole batch of tasks."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Self

import torch
from torch import nn

from mlrun.modules.cloning import copy_with
from mlrun.modules.forward import BatchedModule, call, run_in_loop
from mlrun.modules.gradient_step import after_step, checked_rate, named_gradients
from mlrun.modules.method import Method, prefers_loop, run
from mlrun.modules.task_data import (
    Inputs,
    LossFunction,
    as_tuple,
    checked_pair,
    checked_steps,
    checked_tasks,
    stack_tasks,
    task_of,
)


class Learner(nn.Module, ABC):
    """A wrapped model. A call of the wrapper calls the model, and attributes that it lacks are looked up in the model.

    Attributes:
        module: the wrapped model. In a clone it is a copy of the model.
        lr: the learning rate of adaptation.
        first_order: whether the meta-gradient treats the gradient of an adaptation step as a constant.
        allow_unused: whether adaptation leaves parameters as they are if the loss does not depend on them. Otherwise it
            refuses them.
        allow_nograd: whether adaptation leaves parameters as they are if they do not require a gradient. Otherwise it
            refuses them.
    """

    module: nn.Module
    lr: float | torch.Tensor
    _keeps_graph = True  # whether the meta-gradient needs the graph of adaptation

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
        """Calls the model."""
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
        self, support: tuple[Inputs, torch.Tensor], loss_fn: LossFunction, steps: int = 1, way: Method = "auto"
    ) -> dict[str, torch.Tensor]:
        """Adapts to a whole batch of tasks, by gradient steps on the support set of each task.

        The result equals that of ``clone`` and ``adapt`` for each task, with the same settings and errors. Pass it to
        ``forward_batch`` to get outputs whose gradients reach the wrapped model. Under ``torch.no_grad()`` no graph is
        kept.

        Args:
            support: inputs and targets ``(tasks, samples, ...)``. Every step uses all samples. If the model takes
                several inputs, pass a tuple of them.
            loss_fn: maps the model's outputs and the targets of one task to one number, for example
                `torch.nn.functional.mse_loss` or `torch.nn.functional.cross_entropy`.
            steps: the number of gradient steps, at least 1.
            way: "batched" computes all tasks at once. "loop" computes one after the other. "auto" takes the faster one
                (see `mlrun.modules.method.BATCHED_WORK`), and the loop if the model or the loss cannot be batched: an
                LSTM, dropout, or a branch that depends on values. With "batched", dropout draws other random numbers
                for each task than the loop does, and everything else that cannot be batched raises ``RuntimeError``.

        Returns:
            All parameters of the model and the buffers that a step changed, ``(tasks, ...)``, by name.

        Raises:
            RuntimeError: called under ``torch.inference_mode()``.
        """
        inputs, targets = checked_pair(support)
        num_tasks = checked_tasks(*as_tuple(inputs), targets)
        steps = checked_steps(steps)
        keep_graph = self._keeps_graph and torch.is_grad_enabled()

        def batched(randomness: str) -> dict[str, torch.Tensor]:
            model = BatchedModule(self.module, num_tasks, randomness=randomness)
            return self._adapt_batched(model, num_tasks, support, loss_fn, steps, keep_graph) | model.buffers

        def loop() -> dict[str, torch.Tensor]:
            tasks = [task_of(support, task) for task in range(num_tasks)]
            clones = [self._adapt_clone(data, loss_fn, steps, keep_graph).module for data in tasks]
            return stack_tasks([dict((*clone.named_parameters(), *clone.named_buffers())) for clone in clones])

        with torch.enable_grad():
            state = run(way, prefers_loop(self.module, as_tuple(inputs)[0]), batched, loop)
        unchanged = {name for name, buffer in self.module.named_buffers() if bool((state[name] == buffer).all())}
        return {name: t if keep_graph else t.detach() for name, t in state.items() if name not in unchanged}

    def forward_batch(self, adapted: Mapping[str, torch.Tensor], inputs: Inputs, way: Method = "auto") -> Any:
        """Runs the model on the inputs of every task, with the parameters of that task.

        If the model changes its buffers, the changes are dropped.

        Args:
            adapted: the result of ``adapt_batch``.
            inputs: ``(tasks, samples, ...)``. If the model takes several inputs, pass a tuple of them.
            way: as in ``adapt_batch``.

        Returns:
            The outputs ``(tasks, samples, ...)``, in the tuples, lists or dictionaries that the model returns.

        Raises:
            TypeError: the outputs contain something else than tensors.
            ValueError: ``adapted`` lacks a parameter, or the numbers of tasks differ.
        """
        names = [name for name, _ in self.module.named_parameters()]
        missing = [name for name in names if name not in adapted]
        if missing:
            raise ValueError(f"adapted must be what adapt_batch returns; it lacks {', '.join(missing)}")
        num_tasks = checked_tasks(*as_tuple(inputs), *adapted.values())

        def batched(randomness: str) -> Any:
            buffers = {name: tensor for name, tensor in adapted.items() if name not in names}
            model = BatchedModule(self.module, num_tasks, buffers, randomness=randomness)
            return model({name: adapted[name] for name in names}, inputs)

        loop_is_faster = prefers_loop(self.module, as_tuple(inputs)[0])
        return run(way, loop_is_faster, batched, lambda: run_in_loop(self.module, adapted, inputs))

    def _clone_with(self, tensors: Mapping[int, torch.Tensor], **settings: bool | None) -> Self:
        """A clone with other tensors.

        Args:
            tensors: the clone's tensors, by the ``id`` of ours.
            settings: new values of attributes. None keeps ours.
        """
        clone = copy_with(self, tensors)
        assert isinstance(clone, type(self))
        for name, value in settings.items():
            if value is not None:
                setattr(clone, name, value)
        clone._is_clone = True
        clone._share("lr", self.lr)
        return clone

    def _share(self, name: str, value: Any) -> None:
        """Sets an attribute without adding its tensors to ``parameters()``, which an assignment would do."""
        delattr(self, name)
        object.__setattr__(self, name, value)

    def _require_clone(self) -> None:
        if not self._is_clone:
            raise RuntimeError("only clones adapt; the optimiser trains the wrapped model: use clone() first")

    def _rates(self) -> Iterable[float | torch.Tensor]:
        """The learning rate of each parameter."""
        return itertools.repeat(self.lr.reshape(()) if isinstance(self.lr, torch.Tensor) else self.lr)

    def _after_step(
        self,
        parameters: Mapping[str, torch.Tensor],
        loss: torch.Tensor,
        first_order: bool,
        allow_unused: bool | None = None,
        allow_nograd: bool | None = None,
    ) -> dict[str, torch.Tensor]:
        """The parameters of one task, or of all tasks, after one gradient step."""
        gradients = named_gradients(
            loss,
            parameters,
            create_graph=not first_order,
            allow_unused=self.allow_unused if allow_unused is None else allow_unused,
            allow_nograd=self.allow_nograd if allow_nograd is None else allow_nograd,
        )
        with torch.enable_grad():
            return {
                name: after_step(tensor, gradients[name], rate) if name in gradients else tensor
                for (name, tensor), rate in zip(parameters.items(), self._rates(), strict=False)
            }

    def _adapt_batched(
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
            # Tasks share no parameters here, so the gradient of the sum is the gradient of every task's own loss.
            loss = model.losses(parameters, *data, loss_fn).sum()
            parameters = self._after_step(parameters, loss, self.first_order or not keep_graph)
        return parameters

    def _adapt_clone(
        self, data: tuple[Inputs, torch.Tensor], loss_fn: LossFunction, steps: int, keep_graph: bool
    ) -> Self:
        clone = self.clone()
        clone.first_order = self.first_order or not keep_graph
        inputs, targets = data
        for _ in range(steps):
            clone.adapt(loss_fn(call(clone.module, inputs), targets))
        return clone
