"""Model-agnostic meta-learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlrun.algorithms.gradient_based import GradientBased, mean_scores
from mlrun.algorithms.meta_objective import MetaObjective
from mlrun.algorithms.outer_rules import OuterRule, outer_rule
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import MAMLConfig
from mlrun.learner import AdaptedLearner
from mlrun.problems.protocol import DifferentiableProblem
from mlrun.randomness import RandomKey


class MAML(GradientBased):
    """MAML (Finn et al. 2017, algorithms 1 to 3): learn a θ from which adaptation leads to a low loss.

    Inner rule: gradient steps on all parameters, with one learning rate. Outer rule: a step that lowers the mean over
    tasks of the adapted parameters' loss on fresh data. Its gradient passes through the inner steps.
    """

    second_order = True
    objective_type: type[MetaObjective] = MetaObjective

    def __init__(self, config: MAMLConfig) -> None:
        super().__init__(config)
        self.outer = self.make_outer_rule()

    def make_outer_rule(self) -> OuterRule:
        """The outer rule that the experiment names."""
        return outer_rule(self.config.outer)

    def objective(
        self, problem: DifferentiableProblem, support: list[Any], query: Any, adapted: list[AdaptedLearner]
    ) -> MetaObjective:
        """What the outer rule minimises.

        Args:
            problem: gives the losses.
            support: the data of each adaptation step.
            query: the data that the adapted parameters collected.
            adapted: the learners after 0, 1, ... steps.
        """
        return self.objective_type(
            learner=self,
            problem=problem,
            support=support,
            query=query,
            reference=[learner.parameters for learner in adapted],
            second_order=self.second_order,
        )

    def update(self, problem: DifferentiableProblem, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """Collect data before and after adaptation, then improve θ."""
        adapted, support = self.adapt_on_new_data(problem, tasks, key, self.adaptation_steps)
        query = problem.collect(adapted[-1], tasks, key.child("query"))
        scores = {**mean_scores("pre", problem, support[0]), **mean_scores("post", problem, query)}
        self.parameters, metrics = self.outer.step(self.parameters, self.objective(problem, support, query, adapted))
        return {**scores, **metrics}

    def state_dict(self) -> dict[str, Any]:
        """The meta-parameters, and the state of the outer rule."""
        return {**super().state_dict(), "outer": self.outer.state_dict()}

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        super().load_state_dict(state, device)
        self.outer.load_state_dict(state["outer"], self.parameters)
