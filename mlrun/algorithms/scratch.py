"""Adaptation from a random initialisation: the baseline that learns nothing across tasks."""

from __future__ import annotations

from collections.abc import Sequence

from mlrun.algorithms.gradient_based import GradientBased, mean_scores
from mlrun.benchmarks.task import Task
from mlrun.problems.protocol import DifferentiableProblem
from mlrun.randomness import RandomKey


class Scratch(GradientBased):
    """Adapts to every task from the same random initialisation. Updates do not change it."""

    def update(self, problem: DifferentiableProblem, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """Adapt and return the scores before and after. The meta-parameters stay as they are."""
        adapted, support = self.adapt_on_new_data(problem, tasks, key, self.adaptation_steps)
        query = problem.collect(adapted[-1], tasks, key.child("query"))
        return {**mean_scores("pre", problem, support[0]), **mean_scores("post", problem, query)}
