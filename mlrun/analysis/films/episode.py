"""Episodes that are watched: who acts on which task, and what is seen of it when."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.benchmarks.task import Task, stack_parameters
from mlrun.rendering.renderer import Renderer
from mlrun.simulation.scene import SUBSTEPS, TIME_STEP
from mlrun.simulation.threads import one_torch_thread

Policy = Callable[[Tensor, float], Tensor]
"""The action (1, 4) of one world, from its observation (1, 39) and the reward of the step before."""

_STEPS_PER_SECOND: Final = 1 / (TIME_STEP * SUBSTEPS)
_PAUSE_AT_THE_END: Final = 1.0  # seconds


class Actor(NamedTuple):
    """Somebody on a task."""

    task: Task
    policy: Policy


class Score(NamedTuple):
    """How an actor fares.

    Attributes:
        reward: of the last step taken.
        total_reward: undiscounted, of the steps taken so far.
        success_any: whether one of them was successful.
        success_last: whether the last of them was.
    """

    reward: float = 0.0
    total_reward: float = 0.0
    success_any: bool = False
    success_last: bool = False

    def after(self, reward: float, success: bool) -> Score:
        """The score once another step was taken."""
        return Score(reward, self.total_reward + reward, self.success_any or success, success)


@dataclass(frozen=True)
class Moment:
    """What is seen after some control step.

    Attributes:
        step: how many there were.
        pictures: of each actor's world, (height, width, 3) uint8.
        scores: of each actor, up to here.
    """

    step: int
    pictures: Sequence[np.ndarray]
    scores: Sequence[Score]


class Episodes:
    """An episode of every actor, all at the same time, each in a world of its own.

    Args:
        benchmark: what the tasks are of.
        actors: who acts on which task.
        horizon: control steps.

    Attributes:
        scores: of each actor, up to the step that was taken last.
    """

    def __init__(self, benchmark: ML1, actors: Sequence[Actor], horizon: int) -> None:
        self.benchmark = benchmark
        self.actors = actors
        self.horizon = horizon
        self.scores = [Score()] * len(actors)

    def moments(self, renderer: Renderer, steps: Sequence[int]) -> Iterator[Moment]:
        """Plays the episodes, once, and draws them.

        Args:
            renderer: what draws.
            steps: after how many control steps there is a picture, in order; some may be the same.
        """
        family = self.benchmark.family
        parameters = stack_parameters([actor.task for actor in self.actors])
        goals = family.target(parameters).numpy()
        environment = self.benchmark.make_worlds(len(self.actors), num_threads=1)
        observation = environment.reset(parameters)
        times_shown = Counter(steps)
        for step in range(self.horizon + 1):
            if step > 0:
                observation = self._act(environment, observation)
            if times_shown[step]:
                drawn = (
                    renderer.frame(environment.physics, world, goal, family.success_radius)
                    for world, goal in enumerate(goals)
                )
                yield from repeat(Moment(step, list(drawn), self.scores), times_shown[step])

    def _act(self, environment: ManipulationWorlds, observation: Tensor) -> Tensor:
        with one_torch_thread(), torch.no_grad():
            actions = [
                actor.policy(own[None], score.reward)
                for actor, own, score in zip(self.actors, observation, self.scores, strict=True)
            ]
            transition = environment.step(torch.cat(actions))
        rewards, successes = transition.reward.tolist(), transition.success.tolist()
        self.scores = [score.after(*step) for score, *step in zip(self.scores, rewards, successes, strict=True)]
        return transition.observation


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
