"""What all learners have in common that adapt to a task by gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlrun.algorithms.inner_loop import Rates, expand_to_tasks, gradient_step
from mlrun.benchmarks.task import Task
from mlrun.finite import require_finite_tasks
from mlrun.parameters import Parameters
from mlrun.problems.protocol import Problem
from mlrun.randomness import RandomKey


class GradientBased:
    """The inner rule: ``φ₀ = θ`` and ``φₖ₊₁ = φₖ - α ∇ L_inner(φₖ, Dₖ)``, for every task on data of its own.

    Dₖ is collected by φₖ where fresh data is asked for at each step, and else D₀ serves for all. A subclass says how θ
    is learned (`update`), and may choose which parameters adapt, and at which rates.

    Attributes:
        config: the algorithm's section of the experiment; `inner` describes the adaptation.
        parameters: the meta-parameters: θ, and whatever else is learned across tasks.
    """

    def __init__(self, config: Any) -> None:
        self.config = config
        self.parameters: Parameters = {}

    @property
    def adaptation_steps(self) -> int:
        """As many as the experiment gives to the inner loop."""
        return self.config.inner.steps

    def initialise(self, problem: Problem, key: RandomKey) -> None:
        """Start from the problem's fresh parameters."""
        self.parameters = problem.initial_parameters(key)

    def initial_weights(self, meta: Parameters) -> Parameters:
        """θ, that part of the meta-parameters which every task starts from."""
        return meta

    def rates(self, problem: Problem, meta: Parameters) -> Rates:
        """α of every parameter that adapts: here of all, and the same."""
        learning_rate: float = self.config.inner.learning_rate
        return dict.fromkeys(meta, learning_rate)

    def adapt(self, problem: Problem, tasks: Sequence[Task], key: RandomKey, steps: int) -> list[Parameters]:
        """The inner rule on any tasks: parameters after 0, 1, ... ``steps`` steps."""
        return self.explore(problem, tasks, key, steps)[0]

    def explore(
        self, problem: Problem, tasks: Sequence[Task], key: RandomKey, steps: int, *, fresh_data: bool = False
    ) -> tuple[list[Parameters], list[Any]]:
        """Collect data and adapt to it, step by step, without a graph.

        Args:
            problem: what to adapt to.
            tasks: of the problem.
            key: of what is collected.
            steps: how many.
            fresh_data: collect for every step, also where the problem lets all of them use the same.

        Returns:
            The parameters ``(tasks, ...)`` after 0, 1, ... ``steps`` steps, and the data of each step.
        """
        adapted = [expand_to_tasks(self.initial_weights(self.parameters), len(tasks))]
        rates, support = self.rates(problem, self.parameters), []
        for step in range(steps):
            if fresh_data or problem.fresh_data_each_step or not support:
                support.append(problem.collect(adapted[-1], tasks, key.child(f"support/{step}")))
            else:
                support.append(support[-1])
            adapted.append(gradient_step(problem, adapted[-1], support[-1], rates))
        return adapted, support

    def replay(
        self, problem: Problem, meta: Parameters, support: list[Any], num_tasks: int, *, second_order: bool
    ) -> list[Parameters]:
        """The same adaptation from other meta-parameters on data already collected, with a graph where they need one.

        While the meta-parameters vary, the data stays; where the inner loss is a likelihood ratio to the policy that
        sampled, this is the importance-weighted estimate of adapting there.
        """
        adapted = [expand_to_tasks(self.initial_weights(meta), num_tasks)]
        rates = self.rates(problem, meta)
        for data in support:
            adapted.append(gradient_step(problem, adapted[-1], data, rates, second_order=second_order))
        return adapted

    def state_dict(self) -> dict[str, Any]:
        """The meta-parameters."""
        return {"parameters": dict(self.parameters)}

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        self.parameters = {name: tensor.to(device) for name, tensor in state["parameters"].items()}


def mean_scores(prefix: str, problem: Problem, data: Any) -> dict[str, float]:
    """The scores of collected data as metrics: ``prefix/name`` is the mean over tasks."""
    scores = problem.summarise(data)
    for name, values in scores.items():
        require_finite_tasks(name, values)
    return {f"{prefix}/{name}": float(values.mean()) for name, values in scores.items()}
