"""The base class of all algorithms that adapt to a task by gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlrun.algorithms.inner_loop import Rates, gradient_step
from mlrun.benchmarks.task import Task
from mlrun.finite import require_finite_tasks
from mlrun.learner import AdaptedLearner, expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.problems.protocol import DifferentiableProblem, Problem
from mlrun.randomness import RandomKey


class GradientBased:
    """The inner rule: ``φ₀ = θ`` and ``φₖ₊₁ = φₖ - α ∇ L_inner(φₖ, Dₖ)``, for every task on its own data.

    If the problem wants fresh data at each step, φₖ collects Dₖ. Otherwise all steps use D₀. A subclass learns θ
    (`update`). It can choose which parameters adapt, and with which learning rates.

    Attributes:
        config: the algorithm's section of the experiment. Its `inner` describes the adaptation.
        parameters: the meta-parameters: θ, and anything else that is learned across tasks.
    """

    def __init__(self, config: Any) -> None:
        self.config = config
        self.parameters: Parameters = {}

    @property
    def adaptation_steps(self) -> int:
        """The number of steps in the inner loop of the experiment."""
        return self.config.inner.steps

    def initialise(self, problem: DifferentiableProblem, key: RandomKey) -> None:
        """Start from the problem's fresh parameters."""
        self.parameters = problem.initial_parameters(key)

    def initial_weights(self, meta: Parameters) -> Parameters:
        """θ: the meta-parameters that adaptation starts from."""
        return meta

    def rates(self, problem: DifferentiableProblem, meta: Parameters) -> Rates:
        """α for each parameter that adapts. Here all parameters adapt, with one learning rate."""
        learning_rate: float = self.config.inner.learning_rate
        return dict.fromkeys(meta, learning_rate)

    def adapt(
        self, problem: DifferentiableProblem, tasks: Sequence[Task], key: RandomKey, steps: int
    ) -> list[AdaptedLearner]:
        """Apply the inner rule to any tasks. Returns the learners after 0, 1, ... ``steps`` steps."""
        return self.adapt_on_new_data(problem, tasks, key, steps)[0]

    def adapt_on_new_data(
        self,
        problem: DifferentiableProblem,
        tasks: Sequence[Task],
        key: RandomKey,
        steps: int,
        *,
        fresh_data: bool = False,
    ) -> tuple[list[AdaptedLearner], list[Any]]:
        """Collect data and adapt to it, step by step, without a graph.

        Args:
            problem: collects data and gives the inner loss.
            tasks: tasks of the problem.
            key: for the randomness of the collections.
            steps: number of adaptation steps.
            fresh_data: collect data for every step, even if the problem allows all steps to use the same.

        Returns:
            The learners after 0, 1, ... ``steps`` steps, and the data of each step.
        """
        learner = AdaptedLearner(expand_to_tasks(self.initial_weights(self.parameters), len(tasks)))
        rates, adapted, support = self.rates(problem, self.parameters), [learner], []
        for step in range(steps):
            data_used = learner.data_used
            if fresh_data or problem.fresh_data_each_step or not support:
                support.append(problem.collect(learner, tasks, key.child(f"support/{step}")))
                data_used += problem.data_per_task
            else:
                support.append(support[-1])
            parameters = gradient_step(problem, learner.parameters, support[-1], rates)
            learner = AdaptedLearner(parameters, data_used=data_used)
            adapted.append(learner)
        return adapted, support

    def adapt_on_old_data(
        self,
        problem: DifferentiableProblem,
        meta: Parameters,
        support: list[Any],
        num_tasks: int,
        *,
        second_order: bool,
    ) -> list[Parameters]:
        """Adapt from other meta-parameters, on data that is already collected. The result is differentiable.

        The meta-parameters vary and the data stays. If the inner loss has likelihood ratios to the policy that
        sampled, this is the importance-weighted estimate of adaptation from those meta-parameters.

        Returns:
            Parameters ``(tasks, ...)`` after 0, 1, ... steps.
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
    """The scores of collected data as metrics. ``prefix/name`` is the mean over tasks.

    Raises:
        NotFiniteError: a score of a task is not finite.
    """
    scores = problem.summarise(data)
    for name, values in scores.items():
        require_finite_tasks(name, values)
    return {f"{prefix}/{name}": float(problem.group.mean(values)) for name, values in scores.items()}
