from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
import torch

from mlrun.analysis.films.episode import (
    Actor,
    Episodes,
    Policy,
    expert,
    learned,
    random_actions,
    strip_moments,
    video_moments,
)
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.errors import Diverged
from mlrun.learner import AdaptedLearner
from mlrun.training.device import Placement
from mlrun.training.evaluation import Adaptation

if TYPE_CHECKING:
    from mlrun.algorithms.protocol import MetaAlgorithm


class FakeRenderer:
    """Stands in for a renderer: a frame holds the centre of the gripper, the goal and the success radius."""

    def frame(self, physics, world, goal, success_radius):
        return np.concatenate((physics.poses.gripper_center[world], goal, [success_radius]))


def play(benchmark: ML1, policies: list[Policy], steps: list[int], horizon: int) -> tuple[Episodes, np.ndarray]:
    """Plays policy i on test task i. Returns the episodes and the frames, ``(moments, worlds, 7)``."""
    actors = list(map(Actor, benchmark.test_tasks, policies))
    episodes = Episodes(benchmark, actors, horizon)
    moments = episodes.moments(FakeRenderer(), steps)  # pyright: ignore[reportArgumentType]
    return episodes, np.array([moment.pictures for moment in moments])


def test_pictures_show_their_moments_and_the_score_counts_all_steps():
    benchmark = ML1("reach-v3", num_tasks=1)
    [task] = benchmark.test_tasks
    act = expert(benchmark, task)
    episodes, shown = play(benchmark, [act], [0, 2, 2, 4], 60)
    _, every = play(benchmark, [act], list(range(61)), 60)
    np.testing.assert_array_equal(shown, every[[0, 2, 2, 4]])
    environment = benchmark.make_worlds(1, num_threads=1)
    observation, total = environment.reset(torch.tensor([task.parameters], dtype=torch.float64)), 0.0
    for _ in range(60):
        transition = environment.step(act(observation, 0.0))
        observation, total = transition.observation, total + transition.reward.item()
    [score] = episodes.scores
    assert score.total_reward == pytest.approx(total, rel=1e-12)
    assert score.reward == transition.reward.item()  # pyright: ignore[reportPossiblyUnboundVariable]
    assert (score.success_any, score.success_last) == (True, True)


def test_a_moment_keeps_its_score():
    benchmark = ML1("reach-v3", num_tasks=1)
    episodes = Episodes(benchmark, [Actor(benchmark.test_tasks[0], random_actions(benchmark, 0))], 3)
    moments = list(episodes.moments(FakeRenderer(), [0, 1, 2, 3]))  # pyright: ignore[reportArgumentType]
    totals = [moment.scores[0].total_reward for moment in moments]
    np.testing.assert_allclose(np.diff(totals), [moment.scores[0].reward for moment in moments[1:]])
    assert totals[0] == 0
    assert len(set(totals)) == 4


def test_an_actor_acts_the_same_alone_and_beside_others():
    benchmark = ML1("push-v3", num_tasks=2)
    policies = [expert(benchmark, benchmark.test_tasks[0]), random_actions(benchmark, 0)]
    together, shown = play(benchmark, policies, [20, 40], 40)
    alone, shown_alone = play(benchmark, policies[:1], [20, 40], 40)
    np.testing.assert_array_equal(shown[:, :1], shown_alone)
    assert together.scores[0] == alone.scores[0] != together.scores[1]


@pytest.mark.parametrize(("family", "radius"), [("reach-v3", 0.05), ("push-v3", 0.05), ("pick-place-v3", 0.07)])
def test_goals_are_drawn_where_success_is_measured(family, radius):
    benchmark = ML1(family, num_tasks=2)
    policies = [expert(benchmark, task) for task in benchmark.test_tasks]
    _, [pictures] = play(benchmark, policies, [0], 1)
    parameters = torch.tensor([task.parameters for task in benchmark.test_tasks], dtype=torch.float64)
    np.testing.assert_allclose(pictures[:, 3:6], benchmark.family.target(parameters))
    np.testing.assert_allclose(pictures[:, 6], radius)


def test_random_actions_depend_only_on_the_seed():
    benchmark = ML1("reach-v3", num_tasks=1)
    trails = [play(benchmark, [random_actions(benchmark, seed)], [5], 5)[1] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(trails[0], trails[1])
    assert (trails[0] != trails[2]).any()


@pytest.fixture
def adaptation(benchmark, problem, theta, key):
    """Adaptation to three tasks in two steps. Each step moves every parameter by another amount for each task."""
    steps = [torch.zeros(3), torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.4, 0.5, 0.6])]
    by_step = [
        AdaptedLearner({name: torch.stack([t + s for s in shifts]) for name, t in theta.items()}) for shifts in steps
    ]
    return Adaptation(
        algorithm=cast("MetaAlgorithm", None),
        benchmark=benchmark,
        problem=problem,
        tasks=benchmark.test_tasks[:3],
        all_tasks=benchmark.test_tasks[:3],
        key=key,
        checkpoint=7,
        placement=Placement("cpu", "cpu"),
        by_step=by_step,
    )


def test_a_learned_policy_gives_the_mean_action_of_its_task_and_step(adaptation, policy):
    observation = torch.linspace(-1, 1, policy.observation_size, dtype=torch.float64)[None]
    for step in (0, 1, -1):
        every = policy.mean(adaptation.by_step[step].parameters, observation.expand(3, 1, -1))
        for task in adaptation.tasks:
            action = learned(adaptation, task, step)(observation, 0.0)
            torch.testing.assert_close(action, every[task.index], rtol=1e-12, atol=0)


def test_a_learned_policy_that_is_not_finite_is_refused(adaptation):
    task = adaptation.tasks[1]
    broken = {name: tensor.clone() for name, tensor in adaptation.by_step[2].parameters.items()}
    broken["log_std"][1] = torch.nan
    adaptation = replace(adaptation, by_step=[*adaptation.by_step[:2], AdaptedLearner(broken)])
    learned(adaptation, adaptation.tasks[0], 2)
    with pytest.raises(Diverged, match=f"log_std after adaptation of {task.split} task {task.index} is not finite"):
        learned(adaptation, task, 2)


@pytest.mark.parametrize(
    ("fps", "speed", "stride"), [(40, 1, 2), (20, 1, 4), (40, 0.5, 1), (80, 0.5, 0.5), (30, 1, 8 / 3)]
)
def test_a_video_runs_at_its_speed_and_ends_with_a_pause(fps, speed, stride):
    moments = video_moments(150, fps, speed)
    moving = moments[:-fps]
    np.testing.assert_allclose(moving, stride * np.arange(len(moving)), atol=0.5)
    assert moments[-fps:] == [150] * fps
    assert 80 * speed * len(moving) / fps == pytest.approx(150, abs=stride)


def test_a_strip_is_evenly_spaced_from_the_first_step_to_the_last():
    assert strip_moments(150, 5) == [0, 38, 75, 112, 150]
    assert strip_moments(1, 5)[0::4] == [0, 1]
