"""What scripts achieve on ML1 tasks without learning: a success rate says little unless it is set beside these."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.environment import SawyerEnvironment
from mlrun.benchmarks.metaworld.family import Manipulation
from mlrun.benchmarks.scripts import Script, play
from mlrun.benchmarks.task import Task


def floors(
    environment: SawyerEnvironment, problem: Manipulation, tasks: Sequence[Task], train_tasks: Sequence[Task]
) -> dict[str, dict[str, float]]:
    """Plays each script on every task, one world per task.

    Args:
        environment: with as many worlds as there are tasks.
        problem: whose scripts are played.
        tasks: to play on.
        train_tasks: whose mean goal the goal-blind expert is aimed at.
    """
    parameters = _parameters(tasks)
    return {
        name: play(environment, parameters, script)
        for name, script in scripts(problem, parameters[:, 3:], train_tasks, environment.horizon).items()
    }


def scripts(problem: Manipulation, goals: Tensor, train_tasks: Sequence[Task], horizon: int) -> dict[str, Script]:
    """The scripts of a problem by name: those that do not see the `goals` (worlds, 3), and the expert that does."""
    mean_goal = _parameters(train_tasks)[:, 3:].mean(0).expand_as(goals)
    return {
        "goal-blind expert": lambda step, observation: problem.expert(observation, mean_goal),
        **{name: _recital(actions) for name, actions in problem.blind_actions(horizon).items()},
        "expert": lambda step, observation: problem.expert(observation, goals),
    }


def _recital(actions: Tensor) -> Script:
    return lambda step, observation: actions[step]


def _parameters(tasks: Sequence[Task]) -> Tensor:
    return torch.tensor([task.parameters for task in tasks], dtype=torch.float64)
