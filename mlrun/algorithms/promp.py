"""ProMP: proximal meta-policy search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch

from mlrun.algorithms.maml import MAML
from mlrun.algorithms.meta_objective import MetaObjective
from mlrun.algorithms.outer_rules import Adam, OuterRule
from mlrun.algorithms.protocol import PolicyProblem, Problem
from mlrun.config.algorithms import ProximalConfig
from mlrun.finite import require_finite_tasks
from mlrun.parameters import Parameters


class ProMP(MAML):
    """MAML whose outer rule is several proximal steps on the same episodes (Rothfuss et al. 2019, algorithm 1).

    The adapted policies' loss is PPO's clipped surrogate, and the policies that collected data for adaptation are kept
    near by a penalty on how far the new ones diverge from them.
    """

    def make_outer_rule(self) -> OuterRule:
        """Adam, for several epochs."""
        return ProximalSteps(self.config.outer.learning_rate, self.config.outer.epochs)

    def objective(self, problem: Problem, support: list[Any], query: Any, reference: list[Parameters]) -> MetaObjective:
        """The proximal one."""
        return ProximalObjective(
            learner=self,
            problem=problem,
            support=support,
            query=query,
            reference=reference,
            second_order=self.second_order,
            options=self.config.outer,
        )


@dataclass(frozen=True, kw_only=True)
class ProximalObjective(MetaObjective):
    """``J_CLIP(φ_K) + η KL(π_old || π)``, the divergence being the mean over the policies before each adaptation step.

    Attributes:
        options: clip range and η.
    """

    options: ProximalConfig

    def loss(self, meta: Parameters) -> torch.Tensor:
        """The scalar to minimise, differentiable."""
        problem = cast(PolicyProblem, self.problem)
        *before, after = self.adapted(meta)
        clipped = problem.clipped_loss(after, self.query, self.options.clip_range)
        require_finite_tasks("the outer loss", clipped.detach())
        divergences = [
            problem.divergence(old, new, data).mean()
            for old, new, data in zip(self.reference[:-1], before, self.support, strict=True)
        ]
        return clipped.mean() + self.options.kl_coefficient * torch.stack(divergences).mean()


class ProximalSteps(Adam):
    """Adam's steps on the proximal objective, which say how far they went."""

    def step(self, parameters: Parameters, objective: MetaObjective) -> tuple[Parameters, dict[str, float]]:
        """So many steps as there are epochs; the KL is measured on the adapted policies, as TRPO's is."""
        parameters, metrics = super().step(parameters, objective)
        loss_after, divergence = objective.measure(parameters)
        return parameters, {**metrics, "loss_after": loss_after, "kl": divergence}
