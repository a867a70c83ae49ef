"""Who can be watched: a scripted expert, random actions, and what a run has learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.benchmarks.task import Task
from mlrun.experiment.evaluate import adapt_run
from mlrun.randomness import RandomKey
from mlrun.rendering.episode import Cast, Policy
from mlrun.rl.problem import ReinforcementLearning

if TYPE_CHECKING:
    from mlrun.experiment.run_directory import RunDirectory


def expert(benchmark: ML1, task: Task) -> Policy:
    """The problem's script, which sees the goal."""
    problem = benchmark.problem
    goal = problem.target(torch.tensor([task.parameters], dtype=torch.float64))
    return lambda observation: problem.expert(observation, goal)


def random_actions(seed: int) -> Cast:
    """Actions uniform in [-1, 1]; the same seed gives the same ones."""

    def cast_random(benchmark: ML1, task: Task) -> Policy:
        generator, size = RandomKey(seed, 0, "render").generator(), benchmark.action_size
        return lambda observation: 2 * torch.rand(1, size, generator=generator, dtype=torch.float64) - 1

    return cast_random


def adapted(run: RunDirectory, steps: int | None = None) -> Cast:
    """The deterministic policy that `mlrun eval` scores on the task, after its last adaptation step.

    All tasks of the split are adapted to, as there, so that exploration meets the same noise.

    Args:
        run: whose best checkpoint is adapted, or its last where there is no best.
        steps: adaptation steps; None for the experiment's own, 0 for the policy before adaptation.
    """

    def cast_adapted(benchmark: ML1, task: Task) -> Policy:
        adaptation = adapt_run(run, split=task.split, steps=steps)
        network = cast(ReinforcementLearning, adaptation.problem).policy
        own = slice(task.index, task.index + 1)
        parameters = {name: tensor[own].detach().cpu() for name, tensor in adaptation.by_step[-1].items()}

        def act(observation: Tensor) -> Tensor:
            return network.mean(parameters, observation.to(parameters["log_std"])[None])[0]

        return act

    return cast_adapted
