"""Model-agnostic meta-learning with a trust-region outer step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mlrun.algorithms.inner_loop import expand_to_tasks, gradient_step
from mlrun.algorithms.protocol import Problem
from mlrun.benchmarks.task import Task
from mlrun.config.schema import MAMLConfig
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.trust_region import TrustRegionStep, trust_region_step


class MAML:
    """MAML-TRPO (Finn et al. 2017, algorithms 1 and 3).

    Inner rule, for every task: ``φ₀ = θ`` and ``φₖ₊₁ = φₖ - α ∇ L_inner(φₖ, Dₖ)``, with ``Dₖ`` collected by ``φₖ``.
    Outer rule: one trust-region step on the mean over tasks of ``L_outer(φ_K(θ), D_K)``, the gradient passing through
    the inner steps (second order) unless ``first_order`` is set, the region measured between the post-adaptation
    predictions.

    While θ varies within the outer step the data stays fixed; the inner loss is a likelihood ratio to the policy that
    sampled, so adaptation from a varied θ is the importance-weighted estimate of adapting there.
    """

    def __init__(self, config: MAMLConfig) -> None:
        self.config = config
        self.parameters: Parameters = {}

    @property
    def adaptation_steps(self) -> int:
        """As many as the meta-gradient passes through."""
        return self.config.inner.steps

    def initialise(self, problem: Problem, key: RandomKey) -> None:
        """Start from the problem's fresh parameters."""
        self.parameters = problem.initial_parameters(key)

    def update(self, problem: Problem, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """Collect before and after adaptation, then improve the initialisation."""
        adapted, support = self._adapt(problem, tasks, key, self.config.inner.steps)
        query = problem.collect(adapted[-1], tasks, key.child("query"))
        step = self._outer_step(problem, support, query, adapted[-1])
        self.parameters = step.parameters
        return {
            **_mean_scores("pre", problem.summarise(support[0])),
            **_mean_scores("post", problem.summarise(query)),
            "loss_before": step.loss_before,
            "loss_after": step.loss_after,
            "kl": step.kl,
            "accepted": step.accepted,
            "backtracks": step.backtracks,
            "gradient_norm": step.gradient_norm,
        }

    def adapt(self, problem: Problem, tasks: Sequence[Task], key: RandomKey, steps: int) -> list[Parameters]:
        """The inner rule on any tasks: parameters after 0, 1, ... ``steps`` steps, fresh data for each."""
        return self._adapt(problem, tasks, key, steps)[0]

    def state_dict(self) -> dict[str, Any]:
        """The meta-parameters; MAML-TRPO remembers nothing else."""
        return {"parameters": dict(self.parameters)}

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        self.parameters = {name: tensor.to(device) for name, tensor in state["parameters"].items()}

    def _adapt(
        self, problem: Problem, tasks: Sequence[Task], key: RandomKey, steps: int
    ) -> tuple[list[Parameters], list[Any]]:
        adapted, support = [expand_to_tasks(self.parameters, len(tasks))], []
        for step in range(steps):
            support.append(problem.collect(adapted[-1], tasks, key.child(f"support/{step}")))
            adapted.append(gradient_step(problem, adapted[-1], support[-1], self.config.inner.learning_rate))
        return adapted, support

    def _outer_step(self, problem: Problem, support: list[Any], query: Any, reference: Parameters) -> TrustRegionStep:
        second_order = not self.config.first_order
        num_tasks = len(next(iter(reference.values())))

        def adapted(theta: Parameters, data: list[Any], *, second_order: bool) -> Parameters:
            phi = expand_to_tasks(theta, num_tasks)
            for batch in data:
                phi = gradient_step(problem, phi, batch, self.config.inner.learning_rate, second_order=second_order)
            return phi

        def loss(theta: Parameters) -> torch.Tensor:
            return problem.outer_loss(adapted(theta, support, second_order=second_order), query).mean()

        @torch.no_grad()
        def measure(theta: Parameters) -> tuple[float, float]:
            phi = adapted(theta, support, second_order=False)
            kl = problem.divergence(reference, phi, query).mean()
            return float(problem.outer_loss(phi, query).mean()), float(kl)

        stride = self.config.outer.curvature_stride
        thin_support = [problem.thin(data, stride) for data in support]
        thin_query = problem.thin(query, stride)
        thin_reference = adapted(self.parameters, thin_support, second_order=False)

        def curvature(theta: Parameters) -> torch.Tensor:
            phi = adapted(theta, thin_support, second_order=second_order)
            return problem.divergence(thin_reference, phi, thin_query).mean()

        return trust_region_step(
            self.parameters, loss=loss, measure=measure, curvature=curvature, options=self.config.outer
        )


def _mean_scores(prefix: str, scores: dict[str, torch.Tensor]) -> dict[str, float]:
    return {f"{prefix}/{name}": float(values.mean()) for name, values in scores.items()}
