from __future__ import annotations

import numpy as np
import pytest
import torch

from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.rendering.episode import Episode, strip_moments, video_moments
from mlrun.rendering.policies import expert, random_actions


class StepCounter:
    """In the place of a renderer: frames that hold the puck and the goal."""

    def frame(self, physics, world, goal, success_radius):
        return np.concatenate((physics.poses.gripper_center[world], goal, [success_radius]))


def play(problem: str, cast, moments: list[int], horizon: int) -> tuple[Episode, list[np.ndarray]]:
    benchmark = ML1(problem, num_tasks=2)
    episode = Episode(benchmark, benchmark.test_tasks[1], cast, horizon)
    return episode, list(episode.frames(StepCounter(), moments))  # pyright: ignore[reportArgumentType]


def test_frames_are_of_their_moments_and_the_score_is_of_all_steps():
    episode, shown = play("reach-v3", expert, [0, 2, 2, 4], 60)
    _, every = play("reach-v3", expert, list(range(61)), 60)
    np.testing.assert_array_equal(shown, [every[step] for step in (0, 2, 2, 4)])
    task = episode.task
    environment = episode.benchmark.make_environment(1, num_threads=1)
    observation, total = environment.reset(torch.tensor([task.parameters], dtype=torch.float64)), 0.0
    act = expert(episode.benchmark, task)
    for _ in range(60):
        transition = environment.step(act(observation))
        observation, total = transition.observation, total + transition.reward.item()
    assert episode.total_reward == pytest.approx(total, rel=1e-12)
    assert (episode.success_any, episode.success_last) == (True, True)


@pytest.mark.parametrize(("problem", "radius"), [("reach-v3", 0.05), ("push-v3", 0.05), ("pick-place-v3", 0.07)])
def test_the_goal_is_drawn_where_success_is_judged(problem, radius):
    episode, [frame] = play(problem, expert, [0], 1)
    target = episode.benchmark.problem.target(torch.tensor([episode.task.parameters], dtype=torch.float64))
    np.testing.assert_allclose(frame[3:], [*target[0], radius])


def test_random_actions_depend_on_the_seed_alone():
    trails = [play("reach-v3", random_actions(seed), [5], 5)[1][0] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(trails[0], trails[1])
    assert (trails[0] != trails[2]).any()


@pytest.mark.parametrize(
    ("fps", "speed", "stride"), [(40, 1, 2), (20, 1, 4), (40, 0.5, 1), (80, 0.5, 0.5), (30, 1, 8 / 3)]
)
def test_a_video_runs_at_its_speed_and_ends_with_a_pause(fps, speed, stride):
    moments = video_moments(150, fps, speed)
    moving = moments[: -fps // 2]
    np.testing.assert_allclose(moving, stride * np.arange(len(moving)), atol=0.5)
    assert moments[-fps // 2 :] == [150] * (fps // 2)
    assert 80 * speed * len(moving) / fps == pytest.approx(150, abs=stride)


def test_a_strip_is_evenly_spaced_from_beginning_to_end():
    assert strip_moments(150, 5) == [0, 38, 75, 112, 150]
    assert strip_moments(1, 5)[0::4] == [0, 1]
