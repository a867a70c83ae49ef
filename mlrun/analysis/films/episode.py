"""Episodes to film: the policies that act, the episodes that they play, and the moments that a film shows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.benchmarks.task import Task, stack_parameters
from mlrun.finite import require_finite_tasks
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rendering.renderer import Renderer
from mlrun.rl.trajectories import GreedyActor
from mlrun.simulation.scene import SUBSTEPS, TIME_STEP
from mlrun.simulation.threads import one_torch_thread
from mlrun.training.evaluation import Adaptation
from mlrun.training.non_finite import non_finite_ends

Policy = Callable[[Tensor, float], Tensor]
"""Gives the action ``(1, 4)`` of one world for its observation ``(1, 39)`` and the reward of the step before."""

_STEPS_PER_SECOND: Final = 1 / (TIME_STEP * SUBSTEPS)
_PAUSE_AT_THE_END: Final = 1.0  # seconds


def expert(benchmark: ML1, task: Task) -> Policy:
    """The scripted expert of the task family. It sees the goal."""
    family = benchmark.family
    goal = family.target(stack_parameters([task]))
    return lambda observation, reward: family.expert(observation, goal)


def random_actions(benchmark: ML1, seed: int) -> Policy:
    """Actions uniform in [-1, 1]. The same seed gives the same actions."""
    generator, size = RandomKey(seed, 0, "render").generator(), benchmark.action_size
    return lambda observation, reward: 2 * torch.rand(1, size, generator=generator, dtype=torch.float64) - 1


def learned(adaptation: Adaptation, task: Task, step: int) -> Policy:
    """The deterministic policy that `mlrun eval` scores on a task.

    Args:
        adaptation: to all tasks of the split. Only then does exploration use the same noise as in an evaluation.
        task: one of these tasks.
        step: the number of adaptation steps; 0 is before adaptation, -1 is after the last step.

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


class Actor(NamedTuple):
    """A policy that acts on a task."""

    task: Task
    policy: Policy


class Score(NamedTuple):
    """The result of an actor so far.

    Attributes:
        reward: reward of the last step.
        total_reward: undiscounted sum of the rewards.
        success_any: whether any step was successful.
        success_last: whether the last step was successful.
    """

    reward: float = 0.0
    total_reward: float = 0.0
    success_any: bool = False
    success_last: bool = False

    def after(self, reward: float, success: bool) -> Score:
        """The score after one more step."""
        return Score(reward, self.total_reward + reward, self.success_any or success, success)


@dataclass(frozen=True)
class Moment:
    """What a film shows after a control step.

    Attributes:
        step: the number of control steps until now.
        pictures: of the world of each actor, ``(height, width, 3)`` uint8.
        scores: of each actor until now.
    """

    step: int
    pictures: Sequence[np.ndarray]
    scores: Sequence[Score]


class Episodes:
    """One episode of every actor. All run at the same time, each in its own world.

    Args:
        benchmark: the benchmark of the tasks.
        actors: the policies and their tasks.
        horizon: control steps.

    Attributes:
        scores: of each actor, after the steps that were played.
    """

    def __init__(self, benchmark: ML1, actors: Sequence[Actor], horizon: int) -> None:
        self.benchmark = benchmark
        self.actors = actors
        self.horizon = horizon
        self.scores = [Score()] * len(actors)

    def moments(self, renderer: Renderer, steps: Sequence[int]) -> Iterator[Moment]:
        """Plays the episodes once, and draws them.

        Args:
            renderer: draws the pictures.
            steps: the numbers of control steps after which there is a picture, in order. A number can be repeated.
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
    """The control steps that the frames of a video show. The last step is shown for one more second.

    Args:
        horizon: control steps of the episode.
        fps: frames per second of the video.
        speed: 1 is real time, 0.5 is half as fast.
    """
    steps_per_frame = _STEPS_PER_SECOND * speed / fps
    moving = [round(frame * steps_per_frame) for frame in range(math.ceil(horizon / steps_per_frame))]
    return [*moving, *repeat(horizon, max(1, round(fps * _PAUSE_AT_THE_END)))]


def strip_moments(horizon: int, count: int) -> list[int]:
    """The control steps that the `count` pictures of a strip show: evenly spaced, with the first and the last."""
    return [round(picture * horizon / (count - 1)) for picture in range(count)]
