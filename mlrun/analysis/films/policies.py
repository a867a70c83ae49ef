"""Who can be watched: a scripted expert, random actions, and what a run has learned."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from mlrun.analysis.films.episode import Policy
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.task import Task, stack_parameters
from mlrun.finite import require_finite_tasks
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rl.trajectories import GreedyActor
from mlrun.training.evaluation import Adaptation
from mlrun.training.non_finite import non_finite_ends


def expert(benchmark: ML1, task: Task) -> Policy:
    """The family's scripted expert, which sees the goal."""
    family = benchmark.family
    goal = family.target(stack_parameters([task]))
    return lambda observation, reward: family.expert(observation, goal)


def random_actions(benchmark: ML1, seed: int) -> Policy:
    """Actions uniform in [-1, 1]; the same seed gives the same ones."""
    generator, size = RandomKey(seed, 0, "render").generator(), benchmark.action_size
    return lambda observation, reward: 2 * torch.rand(1, size, generator=generator, dtype=torch.float64) - 1


def learned(adaptation: Adaptation, task: Task, step: int) -> Policy:
    """The deterministic policy that `mlrun eval` scores on a task.

    Args:
        adaptation: to all tasks of the split, since exploration meets the same noise as in an evaluation only then.
        task: one of them.
        step: how many adaptation steps were taken; 0 is before adaptation, -1 after the last step.

    Raises:
        Diverged: the policy is not finite.
    """
    learner = adaptation.by_step[step].of_task(task.index).to("cpu")
    with non_finite_ends(f"adaptation from checkpoint {adaptation.checkpoint}", [task]):
        for name, tensor in {**learner.parameters, **learner.memory}.items():
            require_finite_tasks(f"{name} after adaptation", tensor)
    actor = GreedyActor(cast(EpisodicProblem, adaptation.problem).policy, learner)

    def act(observation: Tensor, reward: float) -> Tensor:
        return actor(observation[None], torch.full((1, 1), reward))[0]

    return act
