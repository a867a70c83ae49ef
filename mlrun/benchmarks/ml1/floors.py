"""What scripts achieve on ML1 tasks without learning: a success rate says little unless it is set beside these."""

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor

from mlrun.benchmarks.ml1.environment import ACTION_SIZE, SawyerEnvironment
from mlrun.benchmarks.ml1.manipulation import Manipulation
from mlrun.benchmarks.protocol import Floor
from mlrun.benchmarks.task import Task
from mlrun.simulation.physics import HAND_HOME

_STRIDE: Final = 0.01  # metres that the hand's target moves along each axis in one step
_LANE: Final = 0.06  # metres between neighbouring lanes of the sweep
_HAND_ABOVE_FINGER_TIPS: Final = 0.045  # metres


def floors(
    environment: SawyerEnvironment, problem: Manipulation, tasks: Sequence[Task], train_tasks: Sequence[Task]
) -> dict[str, Floor]:
    """Plays each script on every task, one world per task.

    Args:
        environment: with as many worlds as there are tasks.
        problem: whose expert is played.
        tasks: to play on.
        train_tasks: whose mean goal the goal-blind expert is aimed at.
    """
    parameters = torch.tensor([task.parameters for task in tasks], dtype=torch.float64)
    goals = parameters[:, 3:]
    train_goals = torch.tensor([task.parameters for task in train_tasks], dtype=torch.float64)[:, 3:]
    mean_goal = train_goals.mean(0).expand_as(goals)
    sweep = sweep_actions(problem, environment.horizon)
    scripts: dict[str, Callable[[int, Tensor], Tensor]] = {
        "goal-blind expert": lambda step, observation: problem.expert(observation, mean_goal),
        "goal-blind sweep": lambda step, observation: sweep[step].expand(len(tasks), -1),
        "expert": lambda step, observation: problem.expert(observation, goals),
    }
    return {name: _play(environment, parameters, script) for name, script in scripts.items()}


def sweep_actions(problem: Manipulation, horizon: int) -> Tensor:
    """Actions (horizon, 4) that lead the finger tips through the box of goals lane by lane, at full speed."""
    waypoints = torch.stack((torch.tensor(HAND_HOME, dtype=torch.float64), *_lanes(problem)))
    legs = []
    for leg in waypoints.diff(dim=0):
        steps = max(1, int(torch.ceil(leg.abs().max() / _STRIDE - 1e-9)))
        legs.append((leg / steps / _STRIDE).expand(steps, 3))
    path = torch.cat(legs)
    actions = torch.zeros(horizon, ACTION_SIZE, dtype=torch.float64)
    covered = min(horizon, len(path))
    actions[:covered, :3] = path[:covered]
    return actions


def _lanes(problem: Manipulation) -> list[Tensor]:
    """Hand waypoints: vertical lanes side by side, back and forth, in two layers of depth."""
    low, high = (torch.tensor(corner[3:]).double() for corner in (problem.parameters_low, problem.parameters_high))
    (x_low, y_low, z_low), (x_high, y_high, z_high) = low.tolist(), high.tolist()
    lanes = max(2, round((x_high - x_low) / _LANE))
    x_centers = torch.linspace(x_low, x_high, 2 * lanes + 1)[1::2].tolist()
    waypoints, upwards = [], True
    for share in (0.25, 0.75):
        y = y_low + share * (y_high - y_low)
        for x in x_centers:
            ends = (z_low, z_high) if upwards else (z_high, z_low)
            waypoints += [(x, y, z + _HAND_ABOVE_FINGER_TIPS) for z in ends]
            upwards = not upwards
        x_centers.reverse()
    return list(torch.tensor(waypoints, dtype=torch.float64))


def _play(environment: SawyerEnvironment, parameters: Tensor, script: Callable[[int, Tensor], Tensor]) -> Floor:
    observation = environment.reset(parameters)
    total = torch.zeros(environment.num_worlds, dtype=torch.float64)
    any_success = last_success = torch.zeros(environment.num_worlds, dtype=torch.bool)
    for step in range(environment.horizon):
        transition = environment.step(script(step, observation))
        observation, last_success = transition.observation, transition.success
        total += transition.reward
        any_success = any_success | last_success
    return Floor(
        success_any=any_success.double().mean().item(),
        success_last=last_success.double().mean().item(),
        mean_return=total.mean().item(),
    )
