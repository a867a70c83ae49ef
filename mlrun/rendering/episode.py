"""One episode, watched: who acts on which task, and what is seen of it when."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final

import numpy as np
import torch
from torch import Tensor

from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.benchmarks.task import Task
from mlrun.rendering.renderer import Renderer
from mlrun.simulation.scene import SUBSTEPS, TIME_STEP
from mlrun.simulation.threads import one_torch_thread

Policy = Callable[[Tensor], Tensor]
"""The action (1, 4) of one world, from its observation (1, 39)."""

Cast = Callable[[ML1, Task], Policy]
"""Who acts on a task of a benchmark; it may take a while to prepare for it."""

_STEPS_PER_SECOND: Final = 1 / (TIME_STEP * SUBSTEPS)
_PAUSE_AT_THE_END: Final = 0.5  # seconds


@dataclass
class Episode:
    """Somebody on a task, and how they fare.

    Attributes:
        benchmark: what the task is one of.
        task: puck and goal.
        cast: who acts.
        horizon: control steps.
        total_reward: undiscounted, of the steps taken so far.
        success_any: whether one of them was successful.
        success_last: whether the last of them was.
    """

    benchmark: ML1
    task: Task
    cast: Cast
    horizon: int
    total_reward: float = 0.0
    success_any: bool = False
    success_last: bool = False

    def frames(self, renderer: Renderer, moments: Sequence[int]) -> Iterator[np.ndarray]:
        """Plays the episode, once, and draws it.

        Args:
            renderer: what draws.
            moments: after how many control steps there is a frame, in order; some may be the same.
        """
        problem = self.benchmark.problem
        policy = self.cast(self.benchmark, self.task)
        environment = self.benchmark.make_environment(1, num_threads=1)
        parameters = torch.tensor([self.task.parameters], dtype=torch.float64)
        goal = problem.target(parameters)[0].numpy()
        observation = environment.reset(parameters)
        times_shown = Counter(moments)
        for step in range(self.horizon + 1):
            if step > 0:
                with one_torch_thread(), torch.no_grad():
                    transition = environment.step(policy(observation))
                observation = transition.observation
                self._score(transition.reward.item(), bool(transition.success))
            if times_shown[step]:
                frame = renderer.frame(environment.physics, 0, goal, problem.success_radius)
                yield from repeat(frame, times_shown[step])

    def _score(self, reward: float, success: bool) -> None:
        self.total_reward += reward
        self.success_any |= success
        self.success_last = success


def video_moments(horizon: int, fps: float, speed: float) -> list[int]:
    """When a video shows an episode, with a pause at its end.

    Args:
        horizon: control steps of the episode.
        fps: frames per second of the video.
        speed: 1 is real time, 0.5 half as fast.
    """
    steps_per_frame = _STEPS_PER_SECOND * speed / fps
    moving = [round(frame * steps_per_frame) for frame in range(math.ceil(horizon / steps_per_frame))]
    return [*moving, *repeat(horizon, max(1, round(fps * _PAUSE_AT_THE_END)))]


def strip_moments(horizon: int, count: int) -> list[int]:
    """When `count` pictures show an episode: evenly spaced, from its beginning to its end."""
    return [round(picture * horizon / (count - 1)) for picture in range(count)]
