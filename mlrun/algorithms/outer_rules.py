"""Outer rules, which update the meta-parameters: a trust-region step, or Adam."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import torch

from mlrun.algorithms.meta_objective import MetaObjective
from mlrun.algorithms.trust_region import trust_region_step
from mlrun.config.algorithms import OuterRuleConfig, TrustRegionConfig
from mlrun.interruption import interruption_point
from mlrun.parameters import Parameters


class OuterRule(Protocol):
    """One update of the meta-parameters per batch of tasks."""

    def step(self, parameters: Parameters, objective: MetaObjective) -> tuple[Parameters, dict[str, float]]:
        """New meta-parameters, and metrics of the update."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """What it keeps between updates: tensors and plain containers. Later updates do not change them in place."""
        ...

    def load_state_dict(self, state: dict[str, Any], parameters: Parameters) -> None:
        """Continue from a ``state_dict`` that was saved with these parameters.

        Raises:
            ValueError: the state does not fit the parameters.
        """
        ...


def outer_rule(config: OuterRuleConfig) -> OuterRule:
    """The rule that a section of an experiment describes."""
    return TrustRegion(config) if isinstance(config, TrustRegionConfig) else Adam(config.learning_rate)


class TrustRegion:
    """TRPO with a region that limits the KL between adapted policies (Schulman et al. 2015; Finn et al. 2017)."""

    def __init__(self, config: TrustRegionConfig) -> None:
        self.config = config

    def step(self, parameters: Parameters, objective: MetaObjective) -> tuple[Parameters, dict[str, float]]:
        """One step, or no step if the line search finds no better point within the region."""
        step = trust_region_step(
            parameters,
            loss=objective.loss,
            measure=objective.measure,
            curvature=objective.curvature(self.config.curvature_stride),
            options=self.config,
            total=objective.problem.group.total,
        )
        return step.parameters, {
            "loss_before": step.loss_before,
            "loss_after": step.loss_after,
            "kl": step.kl,
            "accepted": step.accepted,
            "backtracks": step.backtracks,
            "gradient_norm": step.gradient_norm,
        }

    def state_dict(self) -> dict[str, Any]:
        """Empty: nothing is kept between steps."""
        return {}

    def load_state_dict(self, state: dict[str, Any], parameters: Parameters) -> None:
        """Nothing to load."""


class Adam:
    """Adam on the gradient of the objective (Kingma and Ba 2015).

    Args:
        learning_rate: step size.
        epochs: steps per update, all on the same data.
    """

    def __init__(self, learning_rate: float, epochs: int = 1) -> None:
        self.learning_rate = learning_rate
        self.epochs = epochs
        self._state: dict[str, Any] = {}

    def step(self, parameters: Parameters, objective: MetaObjective) -> tuple[Parameters, dict[str, float]]:
        """One step for each epoch."""
        leaves = {name: tensor.detach().clone().requires_grad_() for name, tensor in parameters.items()}
        optimiser = torch.optim.Adam(leaves.values(), lr=self.learning_rate)
        if self._state:
            moments = copy.deepcopy(self._state["state"])  # a step changes them in place
            optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
        metrics: dict[str, float] = {}
        for _ in range(self.epochs):
            interruption_point()
            loss = objective.loss(leaves)
            found = objective.gradients(loss, leaves)
            for name, leaf in leaves.items():
                leaf.grad = found[name]
            optimiser.step()
            if not metrics:
                norm = torch.nn.utils.get_total_norm(found.values())
                metrics = {"loss_before": loss.item(), "gradient_norm": norm.item()}
        self._state = optimiser.state_dict()
        return {name: leaf.detach() for name, leaf in leaves.items()}, metrics

    def state_dict(self) -> dict[str, Any]:
        """The state of torch's optimiser, with the running moments; empty before the first step."""
        return self._state

    def load_state_dict(self, state: dict[str, Any], parameters: Parameters) -> None:
        """Continue with the moments of a ``state_dict``.

        Raises:
            ValueError: the moments are not of these parameters.
        """
        require_moments(state, parameters)
        self._state = state


def require_moments(state: dict[str, Any], parameters: Parameters) -> None:
    """Check a state of torch's Adam. An empty one is that before the first step.

    Raises:
        ValueError: the moments are not of these parameters.
    """
    if state and not _are_moments(state.get("state"), list(parameters.values())):
        raise ValueError("what Adam remembers is not of these parameters")


def _are_moments(moments: Any, parameters: list[torch.Tensor]) -> bool:
    if not isinstance(moments, dict) or list(moments) != list(range(len(parameters))):
        return False
    return all(
        isinstance(moments[index], dict) and _signature(moments[index]) == _signature(expected)
        for index, parameter in enumerate(parameters)
        for expected in [{"step": torch.zeros(()), "exp_avg": parameter, "exp_avg_sq": parameter}]
    )


def _signature(tensors: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {name: (getattr(tensor, "shape", None), getattr(tensor, "dtype", None)) for name, tensor in tensors.items()}
