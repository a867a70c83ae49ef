"""ProMP: proximal meta-policy search."""

from __future__ import annotations

from typing import cast

import torch

from mlrun.algorithms.maml import MAML
from mlrun.algorithms.meta_objective import MetaObjective
from mlrun.algorithms.outer_rules import Adam, OuterRule
from mlrun.config.algorithms import ProximalConfig
from mlrun.finite import require_finite_tasks
from mlrun.parameters import Parameters
from mlrun.problems.protocol import PolicyProblem


class ProximalObjective(MetaObjective):
    """``J_CLIP(φ_K) + η KL(π_old || π)``. The KL is the mean over the policies before each adaptation step."""

    def loss(self, meta: Parameters) -> torch.Tensor:
        """The scalar to minimise, differentiable."""
        options: ProximalConfig = self.learner.config.outer
        problem = cast(PolicyProblem, self.problem)
        *before, after = self.adapted(meta)
        clipped = problem.clipped_loss(after, self.query, options.clip_range)
        require_finite_tasks("the outer loss", clipped.detach())
        kl = [
            problem.group.mean(problem.kl(old, new, data))
            for old, new, data in zip(self.reference[:-1], before, self.support, strict=True)
        ]
        return problem.group.mean(clipped) + options.kl_coefficient * torch.stack(kl).mean()


class ProximalSteps(Adam):
    """Adam on the proximal objective. Its metrics include the loss and the KL after the last step."""

    def step(self, parameters: Parameters, objective: MetaObjective) -> tuple[Parameters, dict[str, float]]:
        """One step for each epoch. The KL is that of the adapted policies, as in TRPO."""
        parameters, metrics = super().step(parameters, objective)
        loss_after, kl = objective.measure(parameters)
        return parameters, {**metrics, "loss_after": loss_after, "kl": kl}


class ProMP(MAML):
    """MAML whose outer rule takes several proximal steps on the same episodes (Rothfuss et al. 2019, algorithm 1).

    The loss of the adapted policies is PPO's clipped surrogate. A KL penalty keeps the other policies, those before
    each adaptation step, near the ones that collected the data.
    """

    objective_type = ProximalObjective

    def make_outer_rule(self) -> OuterRule:
        """Adam with the epochs of the experiment."""
        return ProximalSteps(self.config.outer.learning_rate, self.config.outer.epochs)
