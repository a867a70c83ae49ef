"""2D navigation: a point in the plane moves to a hidden goal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, Self

import numpy as np
import torch

from mlrun.benchmarks.protocol import Transition
from mlrun.benchmarks.reference_policies import ReferencePolicy, score_policy
from mlrun.benchmarks.task import Split, Task, stack_parameters
from mlrun.randomness import RandomKey

if TYPE_CHECKING:
    from mlrun.config.benchmarks import Navigation2DConfig

_LARGEST_GOAL: Final = 0.5
_STEP: Final = 0.1
_SUCCESS_DISTANCE: Final = 0.01


class NavigationWorlds:
    """Points in the plane, each with a goal of its own.

    Episodes start at the origin and never terminate. The caller ends them after `horizon` steps. The reward is the
    negative distance to the goal after the step.

    | action | meaning  | range   | effect                                       |
    |--------|----------|---------|----------------------------------------------|
    | 0-1    | velocity | -1 .. 1 | clipped; a tenth of it moves the point       |

    | observation | meaning  |
    |-------------|----------|
    | 0-1         | position |

    An action that is NaN makes the position NaN for the rest of the episode. An infinite one is clipped. Neither raises
    an error here, since rollouts check their actions.

    Args:
        num_worlds: how many points.
        horizon: steps per episode.

    Raises:
        ValueError: there would be no point.
    """

    observation_size = 2
    action_size = 2
    device = torch.device("cpu")

    def __init__(self, num_worlds: int, horizon: int) -> None:
        if num_worlds < 1:
            raise ValueError(f"the number of worlds must be at least 1, not {num_worlds}")
        self.num_worlds = num_worlds
        self.horizon = horizon
        self._goals = torch.zeros(num_worlds, 2, dtype=torch.float64)
        self._positions = torch.zeros(num_worlds, 2, dtype=torch.float64)

    @torch.no_grad()
    def reset(self, task_parameters: torch.Tensor) -> torch.Tensor:
        """Puts every point back to the origin.

        Args:
            task_parameters: the goals, ``(worlds, 2)``, float64.

        Returns:
            Observations ``(worlds, 2)``, float64.

        Raises:
            ValueError: the goals have another shape or precision.
        """
        given = task_parameters
        if given.shape != self._goals.shape or given.dtype != self._goals.dtype:
            raise ValueError(
                f"task parameters must be {tuple(self._goals.shape)} of {self._goals.dtype}, "
                f"not {tuple(given.shape)} of {given.dtype}"
            )
        self._goals = given.clone()
        self._positions = torch.zeros_like(given)
        return self._positions

    @torch.no_grad()
    def step(self, action: torch.Tensor) -> Transition:
        """Moves every point.

        Args:
            action: ``(worlds, 2)``, clipped to ±1.

        Raises:
            ValueError: the actions have another shape.
        """
        if action.shape != self._goals.shape:
            raise ValueError(f"actions must be {tuple(self._goals.shape)}, not {tuple(action.shape)}")
        self._positions = self._positions + _STEP * action.double().clamp(-1.0, 1.0)
        distance = (self._positions - self._goals).norm(dim=-1)
        return Transition(self._positions, -distance, distance <= _SUCCESS_DISTANCE)

    def warnings(self) -> dict[str, torch.Tensor]:
        """None: there is no simulator."""
        return {}

    def unstable(self) -> torch.Tensor:
        """None of the worlds, ``(worlds,)``."""
        return torch.zeros(self.num_worlds, dtype=torch.bool)


class Navigation2D:
    """2D navigation (Finn et al. 2017, section 5.3): goals uniform in [-0.5, 0.5]², hidden from the observation.

    A task's parameters are the coordinates of the goal. Training draws new goals for every meta-batch. The two task
    lists are drawn from the same distribution.

    The paper differs from the code that was published with it. In the paper the reward is the negative squared
    distance, and an episode ends within 0.01 of the goal. In the code the reward is the negative distance. Later work
    does the same, and so do we. As in that code, an action of 1 moves the point by 0.1. Our episodes never end early,
    because returns of episodes of different lengths do not compare. To be within 0.01 of the goal counts as success
    instead.

    Args:
        seed: of the two lists.
        horizon: steps per episode.
        evaluation_tasks: length of each list.

    Attributes:
        train_tasks: tasks that choose the best checkpoint.
        test_tasks: held-out tasks.

    Raises:
        ValueError: the lists or the episodes would be empty.
    """

    name = "navigation2d"
    observation_size = NavigationWorlds.observation_size
    action_size = NavigationWorlds.action_size
    ranked_by = ("return",)

    def __init__(self, *, seed: int = 0, horizon: int = 100, evaluation_tasks: int = 100) -> None:
        for option, value in {"horizon": horizon, "evaluation_tasks": evaluation_tasks}.items():
            if value < 1:
                raise ValueError(f"{option} must be at least 1, not {value}")
        self.horizon = horizon
        lists = RandomKey(seed, 0, self.name)
        self.train_tasks: Sequence[Task] = _draw(evaluation_tasks, lists.child("train").numpy_generator(), "train")
        self.test_tasks: Sequence[Task] = _draw(evaluation_tasks, lists.child("test").numpy_generator(), "test")

    @classmethod
    def from_config(cls, config: Navigation2DConfig) -> Self:
        """Makes the benchmark that a section of an experiment describes."""
        return cls(seed=config.seed, horizon=config.horizon, evaluation_tasks=config.evaluation_tasks)

    def draw_tasks(self, count: int, generator: np.random.Generator) -> list[Task]:
        """Draws new tasks from the training distribution."""
        return _draw(count, generator, "train")

    def hidden(self, tasks: Sequence[Task]) -> torch.Tensor:
        """The goals, ``(tasks, 2)``."""
        return stack_parameters(tasks)

    def make_worlds(
        self,
        num_worlds: int,
        num_threads: int = 0,
        physics: Literal["cpu", "warp"] = "cpu",
        *,
        family: str | None = None,
    ) -> NavigationWorlds:
        """Makes points. They need neither threads nor physics, and there is just one family."""
        return NavigationWorlds(num_worlds, self.horizon)

    def reference_scores(self, tasks: Sequence[Task], num_threads: int = 0) -> dict[str, dict[str, float]]:
        """Mean scores of two policies: one stays at the origin, the mean goal; one sees the goal and goes there."""
        worlds, goals = self.make_worlds(len(tasks)), stack_parameters(tasks)
        policies: dict[str, ReferencePolicy] = {
            "standing still": lambda step, observation, reward: torch.zeros_like(observation),
            "straight to the goal": lambda step, observation, reward: _straight(goals - observation),
        }
        return {name: score_policy(worlds, goals, policy) for name, policy in policies.items()}


def _straight(to_goal: torch.Tensor) -> torch.Tensor:
    """The longest permitted action along the vector ``(worlds, 2)`` to the goal that does not go beyond the goal."""
    return to_goal / to_goal.abs().amax(-1, keepdim=True).clamp_min(_STEP)


def _draw(count: int, generator: np.random.Generator, split: Split) -> list[Task]:
    goals = generator.uniform(-_LARGEST_GOAL, _LARGEST_GOAL, (count, 2)).tolist()
    return [Task(index, split, (x, y)) for index, (x, y) in enumerate(goals)]
