"""Adam on minibatches of the same data, over several epochs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import torch

from mlrun.algorithms.outer_rules import require_moments
from mlrun.config.algorithms import MinibatchConfig
from mlrun.finite import require_finite_tasks
from mlrun.interruption import interruption_point
from mlrun.parameters import Parameters, gradients
from mlrun.randomness import RandomKey
from mlrun.task_group import TaskGroup

Losses = Callable[[Parameters, torch.Tensor, RandomKey], torch.Tensor]


class MinibatchAdam:
    """Adam (Kingma and Ba 2015). In every epoch, each item of the data is in one minibatch.

    Args:
        learning_rate: step size.
        epochs: passes over the data in one update.
        minibatches: parts that the data is divided into in each epoch.
        max_gradient_norm: longer gradients are shortened to this norm.
        decay_iterations: meta-iterations over which the step size decays linearly to 0; None is no decay.
    """

    def __init__(
        self,
        *,
        learning_rate: float,
        epochs: int,
        minibatches: int,
        max_gradient_norm: float,
        decay_iterations: int | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.minibatches = minibatches
        self.max_gradient_norm = max_gradient_norm
        self.decay_iterations = decay_iterations
        self._state: dict[str, Any] = {}

    @classmethod
    def from_config(cls, config: MinibatchConfig) -> Self:
        """The one that a section of an experiment describes."""
        return cls(
            learning_rate=config.learning_rate,
            epochs=config.epochs,
            minibatches=config.minibatches,
            max_gradient_norm=config.max_gradient_norm,
            decay_iterations=config.decay_iterations,
        )

    def step(
        self,
        parameters: Parameters,
        losses: Losses,
        items: tuple[int, int],
        key: RandomKey,
        group: TaskGroup,
        constants: Sequence[str] = (),
    ) -> tuple[Parameters, dict[str, float]]:
        """One update.

        Args:
            parameters: to start from.
            losses: the losses ``(chosen,)`` of some items, from parameters, the items' numbers, and a key for what the
                losses draw at random.
            items: how many tasks there are, and how many items each of them has. Items are numbered task by task.
            key: for the division into minibatches. Its iteration decides the step size.
            group: combines the tasks of several processes.
            constants: names of parameters that stay as they are.

        Returns:
            New parameters, and the mean loss and gradient norm of the last epoch.

        Raises:
            NotFiniteError: a loss is not finite.
        """
        constant = {name: parameters[name] for name in constants}
        trained = {name: tensor for name, tensor in parameters.items() if name not in constant}
        leaves = {name: tensor.detach().clone().requires_grad_() for name, tensor in trained.items()}
        optimiser = torch.optim.Adam(leaves.values(), lr=self._rate(key.iteration))
        if self._state:
            moments = copy.deepcopy(self._state["state"])  # a step changes them in place
            optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
        like = next(iter(leaves.values()))
        totals: list[torch.Tensor] = []
        for epoch in range(self.epochs):
            totals = []
            of_epoch = key.child(f"epoch/{epoch}")
            for part, (chosen, weight) in enumerate(self._divide(items, of_epoch, group)):
                interruption_point()
                by_task = like.new_zeros(items[0])
                if len(chosen):
                    chosen = chosen.to(like.device)
                    values = losses({**constant, **leaves}, chosen, of_epoch.child(f"part/{part}"))
                    by_task = by_task.index_add(0, chosen // items[1], weight * values)
                require_finite_tasks("the loss", by_task.detach())
                loss = group.mean(by_task)
                shares = gradients(loss, leaves) if len(chosen) else {n: torch.zeros_like(t) for n, t in leaves.items()}
                found = group.total_gradients(shares)
                norm = torch.nn.utils.get_total_norm(found.values())
                factor = (self.max_gradient_norm / (norm + 1e-6)).clamp(max=1.0)
                for name, leaf in leaves.items():
                    leaf.grad = factor * found[name]
                optimiser.step()
                totals.append(torch.stack((loss.detach(), norm)))
        self._state = optimiser.state_dict()
        loss, norm = torch.stack(totals).mean(0).tolist()
        updated = {name: leaf.detach() for name, leaf in leaves.items()}
        return {name: updated.get(name, tensor) for name, tensor in parameters.items()}, {
            "loss": loss,
            "gradient_norm": norm,
        }

    def _rate(self, iteration: int) -> float:
        done = (iteration - 1) / self.decay_iterations if self.decay_iterations else 0.0
        return self.learning_rate * max(0.0, 1.0 - done)

    def _divide(self, items: tuple[int, int], key: RandomKey, group: TaskGroup) -> Iterator[tuple[torch.Tensor, float]]:
        """The numbers of this process's items in each minibatch, and the weight of an item in the mean over tasks.

        The division does not depend on the number of processes. A process may have no items in a minibatch.
        """
        tasks, per_task = items
        everywhere = group.gather(key.uniform(tasks, (per_task,)))
        total = everywhere.numel()
        ranks = torch.empty(total, dtype=torch.int64)
        ranks[everywhere.flatten().argsort(stable=True)] = torch.arange(total)
        own = ranks[key.first_slot * per_task :][: tasks * per_task]
        for part in torch.arange(total).tensor_split(min(self.minibatches, total)):
            chosen = ((own >= part[0]) & (own <= part[-1])).nonzero().flatten()
            yield chosen, total / per_task / len(part)

    def state_dict(self) -> dict[str, Any]:
        """The state of torch's optimiser, with the running moments; empty before the first step."""
        return self._state

    def load_state_dict(self, state: dict[str, Any], parameters: Parameters, constants: Sequence[str] = ()) -> None:
        """Continue with the moments of a ``state_dict``.

        Raises:
            ValueError: the moments are not of these parameters.
        """
        require_moments(state, {name: tensor for name, tensor in parameters.items() if name not in constants})
        self._state = state
