"""What the outer step minimises: the loss after adaptation, as a function of the meta-parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch

from mlrun.algorithms.gradient_based import GradientBased
from mlrun.finite import require_finite_tasks
from mlrun.parameters import Parameters
from mlrun.problems.protocol import PolicyProblem, Problem


@dataclass(frozen=True, kw_only=True)
class MetaObjective:
    """The mean over tasks of ``L_outer(φ_K(θ), D)``, where adaptation is replayed on data that stays as it is.

    Attributes:
        learner: whose inner rule it is.
        problem: gives the losses.
        support: the data of each adaptation step.
        query: D, collected by the adapted parameters.
        reference: the parameters ``(tasks, ...)`` that collected: after 0, 1, ... K steps from the present θ.
        second_order: whether gradients pass through the adaptation's own gradients.
    """

    learner: GradientBased
    problem: Problem
    support: list[Any]
    query: Any
    reference: list[Parameters]
    second_order: bool

    def loss(self, meta: Parameters) -> torch.Tensor:
        """The scalar to minimise, differentiable."""
        losses = self.problem.outer_loss(self.adapted(meta)[-1], self.query)
        require_finite_tasks("the outer loss", losses.detach())
        return losses.mean()

    def adapted(self, meta: Parameters) -> list[Parameters]:
        """Parameters ``(tasks, ...)`` after 0, 1, ... K steps from these meta-parameters, differentiable."""
        return self._replay(meta, self.support, self.second_order)

    @torch.no_grad()
    def measure(self, meta: Parameters) -> tuple[float, float]:
        """The loss, and the mean divergence of adapted policies from those that collected, without a graph."""
        adapted = self._replay(meta, self.support, second_order=False)[-1]
        divergence = cast(PolicyProblem, self.problem).divergence(self.reference[-1], adapted, self.query)
        return float(self.problem.outer_loss(adapted, self.query).mean()), float(divergence.mean())

    def curvature(self, stride: int) -> Callable[[Parameters], torch.Tensor]:
        """The same divergence with a graph, estimated from every ``stride``-th part of the data.

        Value and gradient are 0 at the present meta-parameters, as the reference adapts to the same thinned data.
        """
        problem = cast(PolicyProblem, self.problem)
        support = [problem.thin(data, stride) for data in self.support]
        query = problem.thin(self.query, stride)
        reference = self._replay(self.learner.parameters, support, second_order=False)[-1]

        def divergence(meta: Parameters) -> torch.Tensor:
            adapted = self._replay(meta, support, self.second_order)[-1]
            return problem.divergence(reference, adapted, query).mean()

        return divergence

    def _replay(self, meta: Parameters, support: list[Any], second_order: bool) -> list[Parameters]:
        num_tasks = len(next(iter(self.reference[0].values())))
        return self.learner.replay(self.problem, meta, support, num_tasks, second_order=second_order)
