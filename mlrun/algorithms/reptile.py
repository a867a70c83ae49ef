"""Reptile: the meta-parameters move towards the adapted parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlrun.algorithms.gradient_based import GradientBased, mean_scores
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import ReptileConfig
from mlrun.problems.protocol import DifferentiableProblem
from mlrun.randomness import RandomKey


class Reptile(GradientBased):
    """Batched Reptile (Nichol et al. 2018, section 3): ``θ ← θ + ε (mean over tasks of φ_K - θ)``.

    Every inner step has fresh data. Reptile favours parameters at which gradients on different data of a task agree
    (section 5), and that needs different data. ε can decrease linearly to 0. Reptile needs no loss after adaptation,
    so it collects no data for one.

    Attributes:
        updates: number of updates so far.
    """

    def __init__(self, config: ReptileConfig) -> None:
        super().__init__(config)
        self.updates = 0

    @property
    def step_size(self) -> float:
        """ε for the next update."""
        outer = self.config.outer
        remaining = 1.0 if outer.decay_iterations is None else max(0.0, 1 - self.updates / outer.decay_iterations)
        return outer.step_size * remaining

    def update(self, problem: DifferentiableProblem, tasks: Sequence[Task], key: RandomKey) -> dict[str, float]:
        """Adapt to every task, then move the meta-parameters towards the mean of the adapted parameters."""
        adapted, support = self.adapt_on_new_data(problem, tasks, key, self.adaptation_steps, fresh_data=True)
        step_size = self.step_size
        self.parameters = {
            name: theta + step_size * (problem.group.mean(adapted[-1].parameters[name]) - theta)
            for name, theta in self.parameters.items()
        }
        self.updates += 1
        return {**mean_scores("pre", problem, support[0]), "step_size": step_size}

    def state_dict(self) -> dict[str, Any]:
        """The meta-parameters, and the number of updates, which the step size depends on."""
        return {**super().state_dict(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        super().load_state_dict(state, device)
        self.updates = state["updates"]
