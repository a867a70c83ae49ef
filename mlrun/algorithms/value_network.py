"""A network that is trained to give values, whatever their size and however it changes in training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import torch

from mlrun.algorithms.minibatches import MinibatchAdam
from mlrun.config.algorithms import MinibatchConfig
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.task_group import TaskGroup

_FOLLOWS: Final = 0.1  # part of the way that mean and deviation go to those of the last targets


class ValueNetwork:
    """Parameters of a value function, trained by regression on standardised targets (van Hasselt et al. 2016, PopArt).

    Rewards can grow a hundredfold as a policy learns. The network's outputs are values minus a mean, over a standard
    deviation. Both follow the targets, and the last layer is changed so that the values stay as they are.

    Args:
        options: how it is trained.

    Attributes:
        parameters: of the network, without a task dimension.
        mean: of the targets.
        deviation: of the targets.
    """

    def __init__(self, options: MinibatchConfig) -> None:
        self.parameters: Parameters = {}
        self.mean = 0.0
        self.deviation = 1.0
        self._updates = 0
        self._adam = MinibatchAdam.from_config(options)
        self._head: Sequence[str] = ()
        self._constants: Sequence[str] = ()

    def initialise(self, parameters: Parameters, head: Sequence[str], constants: Sequence[str] = ()) -> None:
        """Start from fresh parameters, with outputs of 0.

        Args:
            parameters: of the network.
            head: names of the last layer's weight and bias.
            constants: names of parameters that are not trained.
        """
        zeros = {name: torch.zeros_like(parameters[name]) for name in head}
        self.parameters, self._head, self._constants = {**parameters, **zeros}, head, constants

    def values(self, outputs: torch.Tensor) -> torch.Tensor:
        """The values that outputs of the network stand for."""
        return self.mean + self.deviation * outputs

    def learn(
        self,
        targets: torch.Tensor,
        cut: Callable[[torch.Tensor], torch.Tensor],
        outputs: Callable[[Parameters, torch.Tensor], torch.Tensor],
        key: RandomKey,
        group: TaskGroup,
    ) -> dict[str, float]:
        """Approach targets.

        Args:
            targets: values, ``(tasks, ...)``.
            cut: brings the targets into the form ``(..., items)``, in which items are numbered task by task.
            outputs: the network's outputs ``(..., chosen)`` for some items, from parameters and the items' numbers.
            key: for the division into minibatches.
            group: combines the tasks of several processes.

        Returns:
            Metrics.

        Raises:
            NotFiniteError: an error is not finite.
        """
        self._follow(targets, group)
        wanted = cut((targets - self.mean) / self.deviation)

        def losses(parameters: Parameters, chosen: torch.Tensor, _: RandomKey) -> torch.Tensor:
            errors = (outputs(parameters, chosen) - wanted[..., chosen]).square()
            return errors.reshape(-1, len(chosen)).mean(0)

        items = len(targets), wanted.shape[-1] // len(targets)
        self.parameters, metrics = self._adam.step(self.parameters, losses, items, key, group, self._constants)
        return {f"value/{name}": value for name, value in metrics.items()}

    def state_dict(self) -> dict[str, Any]:
        """The parameters, their unit, and what Adam remembers."""
        return {
            "parameters": dict(self.parameters),
            "mean": self.mean,
            "deviation": self.deviation,
            "updates": self._updates,
            "adam": self._adam.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        self.parameters = {name: tensor.to(device) for name, tensor in state["parameters"].items()}
        self.mean, self.deviation, self._updates = state["mean"], state["deviation"], state["updates"]
        self._adam.load_state_dict(state["adam"], self.parameters, self._constants)

    def _follow(self, targets: torch.Tensor, group: TaskGroup) -> None:
        """Move mean and deviation towards those of the targets, and leave all values as they are."""
        by_task = targets.double().flatten(1)
        mean = float(group.mean(by_task.mean(1)))
        deviation = float(group.mean((by_task - mean).square().mean(1)).sqrt())
        part = _FOLLOWS if self._updates else 1.0
        old_mean, old_deviation = self.mean, self.deviation
        self.mean += part * (mean - old_mean)
        self.deviation = max(old_deviation + part * (deviation - old_deviation), 1e-8)
        self._updates += 1
        weight, bias = self._head
        scale = old_deviation / self.deviation
        shifted = scale * self.parameters[bias] + (old_mean - self.mean) / self.deviation
        self.parameters = {
            **self.parameters,
            weight: scale * self.parameters[weight],
            bias: shifted if self._updates > 1 else torch.zeros_like(shifted),
        }
