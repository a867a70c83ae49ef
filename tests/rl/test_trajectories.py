from __future__ import annotations

import torch

from mlrun.benchmarks.environment import TaskEnvironment
from mlrun.benchmarks.task import Task
from mlrun.learner import AdaptedLearner, expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.policy import GaussianMLPPolicy
from mlrun.rl.trajectories import collect_trajectories
from tests.point_benchmark import PointBenchmark

EPISODES = 2


def environment_for(benchmark: PointBenchmark, tasks: list[Task]) -> TaskEnvironment:
    worlds = [task for task in tasks for _ in range(EPISODES)]
    return TaskEnvironment(worlds, lambda family, count: benchmark.make_worlds(count))


def test_episodes_are_those_of_each_task_alone(
    benchmark: PointBenchmark, policy: GaussianMLPPolicy, theta: Parameters, key: RandomKey
) -> None:
    """Repeat every episode by itself, in a world of its own, with the recorded actions."""
    tasks = benchmark.train_tasks[:3]
    learner = AdaptedLearner(expand_to_tasks(theta, 3))
    episodes = collect_trajectories(policy, learner, environment_for(benchmark, tasks), tasks, key)
    for slot, task in enumerate(tasks):
        for episode in range(EPISODES):
            world = benchmark.make_worlds(1)
            seen = world.reset(torch.tensor([task.parameters], dtype=torch.float64))
            for step in range(benchmark.horizon):
                torch.testing.assert_close(episodes.observations[slot, step, episode], seen[0])
                transition = world.step(episodes.actions[slot, step, episode].unsqueeze(0))
                torch.testing.assert_close(episodes.rewards[slot, step, episode], transition.reward[0])
                assert bool(episodes.successes[slot, step, episode]) == bool(transition.success[0])
                seen = transition.observation
            torch.testing.assert_close(episodes.final_observations[slot, episode], seen[0])
            assert (episodes.final_observations[slot, episode, :2] != 0).all(), "not the next reset's observation"


def test_log_probs_are_those_of_the_policy_that_sampled(
    benchmark: PointBenchmark, policy: GaussianMLPPolicy, theta: Parameters, key: RandomKey
) -> None:
    adapted = {name: torch.stack([tensor, 0.5 * tensor]) for name, tensor in theta.items()}
    tasks = benchmark.train_tasks[:2]
    episodes = collect_trajectories(policy, AdaptedLearner(adapted), environment_for(benchmark, tasks), tasks, key)
    again = policy(adapted, episodes.observations.flatten(1, 2)).log_prob(episodes.actions.flatten(1, 2))
    torch.testing.assert_close(episodes.log_probs.flatten(1), again, rtol=1e-12, atol=1e-12)


def test_noise_depends_on_the_key_and_the_slot_alone(
    benchmark: PointBenchmark, policy: GaussianMLPPolicy, theta: Parameters, key: RandomKey
) -> None:
    def actions(num_tasks: int, key: RandomKey) -> torch.Tensor:
        tasks = benchmark.train_tasks[:num_tasks]
        learner = AdaptedLearner(expand_to_tasks(theta, num_tasks))
        return collect_trajectories(policy, learner, environment_for(benchmark, tasks), tasks, key).actions

    three = actions(3, key)
    torch.manual_seed(0)
    assert torch.equal(three, actions(3, key))
    torch.testing.assert_close(three[:2], actions(2, key), rtol=1e-6, atol=1e-6)
    assert not torch.isclose(three[0], three[1]).any()
    assert not torch.isclose(three, actions(3, key.child("other"))).any()


def test_without_a_key_the_mean_acts(benchmark: PointBenchmark, policy: GaussianMLPPolicy, theta: Parameters) -> None:
    parameters, tasks = expand_to_tasks(theta, 1), benchmark.train_tasks[:1]
    learner = AdaptedLearner(parameters)
    episodes = collect_trajectories(policy, learner, environment_for(benchmark, tasks), tasks, None)
    mean = policy(parameters, episodes.observations.flatten(1, 2)).mean
    torch.testing.assert_close(episodes.actions.flatten(1, 2), mean)


def test_losses_can_be_differentiated_on_every_part_of_the_episodes(
    benchmark: PointBenchmark, policy: GaussianMLPPolicy, theta: Parameters, key: RandomKey
) -> None:
    """Also on the last observations, which a learned value function bootstraps from."""
    tasks = benchmark.train_tasks[:2]
    learner = AdaptedLearner(expand_to_tasks(theta, 2))
    episodes = collect_trajectories(policy, learner, environment_for(benchmark, tasks), tasks, key)
    for part in (episodes.observations, episodes.actions, episodes.rewards, episodes.final_observations):
        weight = torch.ones(1, dtype=torch.float64, requires_grad=True)
        (part * weight).sum().backward()
        assert weight.grad is not None


def test_the_mean_acts_also_where_the_standard_deviation_has_overflowed(
    benchmark: PointBenchmark, policy: GaussianMLPPolicy, theta: Parameters
) -> None:
    wild = {**theta, "log_std": torch.full_like(theta["log_std"], 1000.0)}
    tasks = benchmark.train_tasks[:1]
    wide, usual = (
        collect_trajectories(
            policy, AdaptedLearner(expand_to_tasks(each, 1)), environment_for(benchmark, tasks), tasks, None
        )
        for each in (wild, theta)
    )
    assert torch.equal(wide.actions, usual.actions)
