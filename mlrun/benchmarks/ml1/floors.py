"""What scripts achieve on ML1 tasks without learning: a success rate says little unless it is set beside these."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mlrun.benchmarks.ml1.environment import SawyerEnvironment
from mlrun.benchmarks.ml1.manipulation import Manipulation
from mlrun.benchmarks.protocol import Floor
from mlrun.benchmarks.task import Task

Script = Callable[[int, Tensor], Tensor]
"""The action (worlds, 4), or (4,) for all of them, from the number of the step and the observation (worlds, 39)."""


def floors(
    environment: SawyerEnvironment, problem: Manipulation, tasks: Sequence[Task], train_tasks: Sequence[Task]
) -> dict[str, Floor]:
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


def play(environment: SawyerEnvironment, parameters: Tensor, script: Script) -> Floor:
    """Plays a script for one episode per world, on tasks with these `parameters` (worlds, 6)."""
    observation = environment.reset(parameters)
    total = torch.zeros(environment.num_worlds, dtype=torch.float64)
    any_success = last_success = torch.zeros(environment.num_worlds, dtype=torch.bool)
    for step in range(environment.horizon):
        transition = environment.step(script(step, observation).expand(environment.num_worlds, -1))
        observation, last_success = transition.observation, transition.success
        total += transition.reward
        any_success = any_success | last_success
    return Floor(
        success_any=any_success.double().mean().item(),
        success_last=last_success.double().mean().item(),
        mean_return=total.mean().item(),
    )


def _recital(actions: Tensor) -> Script:
    return lambda step, observation: actions[step]


def _parameters(tasks: Sequence[Task]) -> Tensor:
    return torch.tensor([task.parameters for task in tasks], dtype=torch.float64)
