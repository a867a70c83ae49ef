"""Adaptation from nothing: the baseline of not learning across tasks."""

from __future__ import annotations

from collections.abc import Sequence

from mlrun.algorithms.gradient_based import GradientBased, mean_scores
from mlrun.benchmarks.task import Task
from mlrun.problems.protocol import DifferentiableProblem
from mlrun.randomness import RandomKey


class Scratch(GradientBased):
    """Adapts to every task from the same random initialisation, which no update changes."""

    def update(self, problem: DifferentiableProblem, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """Adapt, report how it went, and forget it."""
        adapted, support = self.adapt_on_new_data(problem, tasks, key, self.adaptation_steps)
        query = problem.collect(adapted[-1], tasks, key.child("query"))
        return {**mean_scores("pre", problem, support[0]), **mean_scores("post", problem, query)}
