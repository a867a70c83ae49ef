"""What outer rules minimise: the loss after adaptation, as a function of the meta-parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch

from mlrun.algorithms.gradient_based import GradientBased
from mlrun.finite import require_finite_tasks
from mlrun.parameters import Parameters, gradients
from mlrun.problems.protocol import DifferentiableProblem, PolicyProblem


@dataclass(frozen=True, kw_only=True)
class MetaObjective:
    """The mean over tasks of ``L_outer(φ_K(θ), D)``. θ varies; the data of adaptation stays.

    Attributes:
        learner: the algorithm whose inner rule adapts.
        problem: gives the losses.
        support: the data of each adaptation step.
        query: D, collected by the adapted parameters.
        reference: the parameters ``(tasks, ...)`` after 0, 1, ... K steps from the present θ. They collected the data.
        second_order: whether meta-gradients pass through the gradients of the adaptation steps.
    """

    learner: GradientBased
    problem: DifferentiableProblem
    support: list[Any]
    query: Any
    reference: list[Parameters]
    second_order: bool

    def loss(self, meta: Parameters) -> torch.Tensor:
        """The scalar to minimise, differentiable."""
        losses = self.problem.outer_loss(self.adapted(meta)[-1], self.query)
        require_finite_tasks("the outer loss", losses.detach())
        return self.problem.group.mean(losses)

    def gradients(self, loss: torch.Tensor, meta: Parameters) -> Parameters:
        """The gradient of the `loss` with respect to all meta-parameters, over all tasks."""
        return self.problem.group.total_gradients(gradients(loss, meta))

    def adapted(self, meta: Parameters) -> list[Parameters]:
        """Parameters ``(tasks, ...)`` after 0, 1, ... K steps from these meta-parameters, differentiable."""
        return self._adapt(meta, self.support, self.second_order)

    @torch.no_grad()
    def measure(self, meta: Parameters) -> tuple[float, float]:
        """The loss, and the mean KL from the adapted policies that collected to those of ``meta``, without a graph."""
        adapted = self._adapt(meta, self.support, second_order=False)[-1]
        problem = cast(PolicyProblem, self.problem)
        kl = problem.kl(self.reference[-1], adapted, self.query)
        return float(problem.group.mean(problem.outer_loss(adapted, self.query))), float(problem.group.mean(kl))

    def curvature(self, stride: int) -> Callable[[Parameters], torch.Tensor]:
        """The same KL as a differentiable function, estimated from every ``stride``-th part of the data.

        Its value and gradient are 0 at the present meta-parameters, since the reference adapts to the same part.
        """
        problem = cast(PolicyProblem, self.problem)
        support = [problem.subsample(data, stride) for data in self.support]
        query = problem.subsample(self.query, stride)
        reference = self._adapt(self.learner.parameters, support, second_order=False)[-1]

        def mean_kl(meta: Parameters) -> torch.Tensor:
            adapted = self._adapt(meta, support, self.second_order)[-1]
            return problem.group.mean(problem.kl(reference, adapted, query))

        return mean_kl

    def _adapt(self, meta: Parameters, support: list[Any], second_order: bool) -> list[Parameters]:
        num_tasks = len(next(iter(self.reference[0].values())))
        return self.learner.adapt_on_old_data(self.problem, meta, support, num_tasks, second_order=second_order)
