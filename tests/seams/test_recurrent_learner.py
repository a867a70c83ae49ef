"""A learner that adapts by its memory is trained, resumed, evaluated and filmed like all others."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch

from mlrun.analysis.explanation.explain import explain_run
from mlrun.analysis.explanation.memory import explain_memory
from mlrun.analysis.films.episode import learned
from mlrun.config.benchmarks import Navigation2DConfig
from mlrun.config.schema import EpisodicExperiment, RolloutsConfig, TrainingConfig
from mlrun.errors import MlrunError
from mlrun.learner import AdaptedLearner, expand_to_tasks
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.runs.directory import RunDirectory
from mlrun.training.evaluation import adapt_run, evaluate_run
from mlrun.training.loop import train
from tests.point_benchmark import PointBenchmark
from tests.seams.recurrent import Recurrent, RecurrentConfig, RecurrentPolicy, whole_trial
from tests.training.watcher import Watcher, timeless

TASKS = 3


@pytest.fixture
def problem(benchmark: PointBenchmark) -> EpisodicProblem:
    policy = RecurrentPolicy(benchmark.observation_size, benchmark.action_size)
    return EpisodicProblem(benchmark, policy, episodes_per_task=2)


@pytest.fixture
def learner(problem: EpisodicProblem, key: RandomKey) -> Recurrent:
    recurrent = Recurrent(RecurrentConfig())
    fresh = problem.policy.initial_parameters(key, dtype=torch.float64)
    recurrent.parameters = fresh
    return recurrent


def experiment(iterations: int = 3) -> EpisodicExperiment:
    return EpisodicExperiment(
        benchmark=Navigation2DConfig(horizon=5, evaluation_tasks=4),
        algorithm=RecurrentConfig(),
        rollouts=RolloutsConfig(episodes_per_task=2),
        training=TrainingConfig(iterations=iterations, tasks_per_batch=3, evaluate_every=2, checkpoint_every=1),
    )


@pytest.fixture
def run(register: Any, tmp_path: Path) -> RunDirectory:
    register(RecurrentConfig, "tests.seams.recurrent:Recurrent")
    directory = RunDirectory.create(tmp_path, experiment())
    train(experiment(), directory, Watcher())
    return directory


def test_an_episode_goes_on_from_what_the_one_before_has_left(
    problem: EpisodicProblem, learner: Recurrent, benchmark: PointBenchmark, key: RandomKey
) -> None:
    """What was sampled step by step has the log-densities of the policy on the whole trial as one sequence."""
    tasks = benchmark.train_tasks[:TASKS]
    episodes = learner.trial(problem, tasks, key)
    for before, after in itertools.pairwise(episodes):
        assert after.first_memory.keys() == before.memory.keys()
        assert all(torch.equal(after.first_memory[name], tensor) for name, tensor in before.memory.items())
        assert torch.equal(after.first_memory["last action"], before.actions[:, -1])
        assert torch.equal(after.first_memory["last reward"], before.rewards[:, -1])
    parameters = expand_to_tasks(learner.parameters, TASKS)
    distribution = problem.policy.sequence(parameters, whole_trial(episodes), episodes[0].first_memory)
    sampled = torch.cat([episode.log_probs for episode in episodes], 1)
    together = distribution.log_prob(torch.cat([episode.actions for episode in episodes], 1))
    torch.testing.assert_close(together, sampled, rtol=1e-12, atol=1e-12)


def test_the_flag_marks_the_first_step_of_each_episode_and_rewards_are_those_before(
    problem: EpisodicProblem, learner: Recurrent, benchmark: PointBenchmark, key: RandomKey
) -> None:
    episodes = learner.trial(problem, benchmark.train_tasks[:TASKS], key)
    _, actions, rewards, starts = whole_trial(episodes)
    assert starts is not None
    assert starts[0, :, 0].tolist() == [step % benchmark.horizon == 0 for step in range(3 * benchmark.horizon)]
    assert rewards is not None
    assert actions is not None
    all_rewards = torch.cat([episode.rewards for episode in episodes], 1)
    assert torch.equal(rewards[:, 1:], all_rewards[:, :-1])
    assert not rewards[:, 0].any()
    assert not actions[:, 0].any()


def test_a_memory_makes_a_difference(
    problem: EpisodicProblem, learner: Recurrent, benchmark: PointBenchmark, key: RandomKey
) -> None:
    tasks = benchmark.test_tasks[:TASKS]
    fresh, *_, adapted = learner.adapt(problem, tasks, key, 2)
    assert [fresh.data_used, adapted.data_used] == [0, 2]
    before, after = (problem.evaluate(each, tasks, key)["return"] for each in (fresh, adapted))
    forgetful = AdaptedLearner(adapted.parameters)
    assert not torch.isclose(before, after).any()
    assert torch.equal(problem.evaluate(forgetful, tasks, key)["return"], before)


def test_it_plays_in_the_worlds_that_it_has_a_memory_for(
    problem: EpisodicProblem, learner: Recurrent, benchmark: PointBenchmark, key: RandomKey
) -> None:
    tasks = benchmark.train_tasks[:TASKS]
    alone = learner.adapt(problem, tasks, key, 1)[-1]
    assert alone.worlds == 1
    assert problem.collect(alone, tasks, key).rewards.shape == (TASKS, benchmark.horizon, 1)
    without = AdaptedLearner(alone.parameters)
    assert problem.collect(without, tasks, key).rewards.shape == (TASKS, benchmark.horizon, problem.data_per_task)


def test_a_resumed_run_ends_as_one_that_was_not_stopped(run: RunDirectory, tmp_path: Path) -> None:
    stopped = RunDirectory.create(tmp_path, experiment())
    train(experiment(iterations=2), stopped, Watcher())
    train(experiment(), stopped, Watcher())
    assert timeless(stopped) == timeless(run)


def test_its_evaluation_counts_episodes(run: RunDirectory) -> None:
    report = evaluate_run(run)
    assert report["data_by_step"] == [0, 1, 2]
    assert [entry["step"] for entry in report["by_step"]] == [0, 1, 2]
    returns = [entry["return"]["mean"] for entry in report["by_step"]]
    assert len(set(returns)) == 3


def test_a_film_shows_what_the_evaluation_scores(run: RunDirectory) -> None:
    adaptation = adapt_run(run)
    problem, tasks = adaptation.problem, adaptation.tasks
    assert isinstance(problem, EpisodicProblem)
    scored = problem.evaluate(adaptation.by_step[-1], tasks, adaptation.key)["return"]
    for task in tasks:
        act, worlds = learned(adaptation, task, -1), problem.benchmark.make_worlds(1)
        observation, reward, total = worlds.reset(torch.tensor([task.parameters], dtype=torch.float64)), 0.0, 0.0
        for _ in range(worlds.horizon):
            transition = worlds.step(act(observation, reward))
            observation, reward = transition.observation, transition.reward.item()
            total += reward
        assert total == pytest.approx(float(scored[task.index]), rel=1e-6)


def test_what_has_no_layers_is_explained_by_what_its_memory_knows(run: RunDirectory) -> None:
    with pytest.raises(MlrunError, match="the layers of this run's model cannot be inspected"):
        explain_run(run)
    adaptation = adapt_run(run)
    found = explain_memory(adaptation, run.experiment())
    assert (found.episodes, found.trials, found.features) == (3, 1, 6)
    assert found.moments == list(range(16))
    assert found.errors["held_out"].shape == (16, len(adaptation.tasks))
    seen = found.errors["held_out"][1:]
    assert (seen != found.errors["without_rewards"][1:]).any()
