"""Joint training, then fine-tuning: the baseline of learning without meta-learning."""

from __future__ import annotations

from collections.abc import Sequence

from mlrun.algorithms.gradient_based import mean_scores
from mlrun.algorithms.maml import MAML
from mlrun.benchmarks.task import Task
from mlrun.problems.protocol import DifferentiableProblem
from mlrun.randomness import RandomKey


class Pretrain(MAML):
    """One model for all tasks, trained by the outer rule alone. It adapts only in evaluations, as fine-tuning."""

    def update(self, problem: DifferentiableProblem, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """Improve the loss of the parameters as they are, without adaptation."""
        unadapted, _ = self.adapt_on_new_data(problem, tasks, key, steps=0)
        data = problem.collect(unadapted[-1], tasks, key.child("query"))
        scores = mean_scores("pre", problem, data)
        self.parameters, metrics = self.outer.step(self.parameters, self.objective(problem, [], data, unadapted))
        return {**scores, **metrics}
