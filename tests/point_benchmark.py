"""A benchmark small enough to check by hand: a point in the plane that should go to a hidden goal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from mlrun.benchmarks.protocol import Transition
from mlrun.benchmarks.task import Split, Task, stack_parameters


class PointWorlds:
    """The observation is (position, 1); the position starts at the origin and moves by a tenth of the action."""

    observation_size = 3
    action_size = 2
    device = torch.device("cpu")

    def __init__(self, num_worlds: int, horizon: int) -> None:
        self.num_worlds = num_worlds
        self.horizon = horizon
        self.goals = torch.zeros(num_worlds, 2, dtype=torch.float64)
        self.positions = torch.zeros(num_worlds, 2, dtype=torch.float64)

    def reset(self, task_parameters: torch.Tensor) -> torch.Tensor:
        assert task_parameters.shape == (self.num_worlds, 2)
        self.goals = task_parameters
        self.positions = torch.zeros_like(task_parameters)
        return self._observation()

    def step(self, action: torch.Tensor) -> Transition:
        self.positions = self.positions + 0.1 * action.clamp(-1, 1)
        distance = (self.positions - self.goals).norm(dim=-1)
        return Transition(self._observation(), 1 - distance, distance <= 0.2)

    def warnings(self) -> dict[str, torch.Tensor]:
        return {}

    def unstable(self) -> torch.Tensor:
        return torch.zeros(self.num_worlds, dtype=torch.bool)

    def _observation(self) -> torch.Tensor:
        return torch.cat([self.positions, torch.ones(self.num_worlds, 1, dtype=torch.float64)], dim=-1)


class PointBenchmark:
    """Goals on a circle: the training tasks and the test tasks interleave."""

    name = "point"
    observation_size = PointWorlds.observation_size
    action_size = PointWorlds.action_size
    ranked_by = ("success_last", "return")

    def __init__(self, horizon: int = 6, num_tasks: int = 8) -> None:
        self.horizon = horizon
        self.train_tasks = _circle("train", num_tasks, offset=0.0)
        self.test_tasks = _circle("test", num_tasks, offset=0.5)
        self.environments: list[int] = []

    def draw_tasks(self, count: int, generator: np.random.Generator) -> list[Task]:
        return [self.train_tasks[index] for index in generator.permutation(len(self.train_tasks))[:count]]

    def hidden(self, tasks: Sequence[Task]) -> torch.Tensor:
        return stack_parameters(tasks)

    def make_worlds(
        self, num_worlds: int, num_threads: int = 0, physics: str = "cpu", *, family: str | None = None
    ) -> PointWorlds:
        self.environments.append(num_worlds)
        return PointWorlds(num_worlds, self.horizon)

    def reference_scores(self, tasks: Sequence[Task], num_threads: int = 0) -> dict[str, dict[str, float]]:
        return {"standing still": {"success_any": 0.0, "success_last": 0.0, "return": 0.5 * self.horizon}}


def _circle(split: Split, num_tasks: int, offset: float) -> list[Task]:
    angles = (torch.arange(num_tasks, dtype=torch.float64) + offset) * 2 * torch.pi / num_tasks
    goals = 0.5 * torch.stack([angles.cos(), angles.sin()], dim=-1)
    return [Task(index, split, tuple(goal)) for index, goal in enumerate(goals.tolist())]
