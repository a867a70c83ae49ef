from __future__ import annotations

import numpy as np
import pytest
import torch

from mlrun.finite import NotFiniteError
from mlrun.learner import AdaptedLearner, expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.problems.reinforcement_learning import Experience, ReinforcementLearning
from mlrun.randomness import RandomKey
from mlrun.rl.advantages import Sharpening
from tests.point_benchmark import PointBenchmark, PointWorlds

TASKS = 4


@pytest.fixture
def parameters(theta: Parameters) -> Parameters:
    return {name: tensor.clone() for name, tensor in expand_to_tasks(theta, TASKS).items()}


@pytest.fixture
def data(
    problem: ReinforcementLearning, benchmark: PointBenchmark, parameters: Parameters, key: RandomKey
) -> Experience:
    return problem.collect(AdaptedLearner(parameters), benchmark.train_tasks[:TASKS], key)


def test_at_the_sampling_parameters_the_ratio_is_one_and_the_kl_zero(
    problem: ReinforcementLearning, parameters: Parameters, data: Experience
) -> None:
    log_probs = problem.policy(parameters, data.observations).log_prob(data.actions)
    torch.testing.assert_close((log_probs - data.log_probs).exp(), torch.ones_like(log_probs), rtol=1e-12, atol=0)
    kl = problem.kl(parameters, parameters, data)
    assert torch.equal(kl, torch.zeros_like(kl))


def test_the_gradient_of_the_inner_loss_is_the_policy_gradient_and_matches_finite_differences(
    problem: ReinforcementLearning, parameters: Parameters, data: Experience
) -> None:
    leaves = {name: tensor.requires_grad_() for name, tensor in parameters.items()}
    gradients = torch.autograd.grad(problem.inner_loss(leaves, data).sum(), list(leaves.values()))
    log_probs = problem.policy(leaves, data.observations).log_prob(data.actions)
    score = torch.autograd.grad(-(log_probs * data.advantages).mean(1).sum(), list(leaves.values()))
    for gradient, expected in zip(gradients, score, strict=True):
        torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-12)
    step = 1e-6
    for name, gradient in zip(leaves, gradients, strict=True):
        detached = {other: tensor.detach() for other, tensor in leaves.items()}
        direction = torch.sign(gradient)

        def loss(shift: float, name: str = name, plain: Parameters = detached, sign: torch.Tensor = direction) -> float:
            return float(problem.inner_loss({**plain, name: plain[name] + shift * sign}, data).sum())

        numeric = (loss(step) - loss(-step)) / (2 * step)
        assert float((gradient * direction).sum()) == pytest.approx(numeric, rel=1e-6), name


def test_the_kl_is_from_the_reference(problem: ReinforcementLearning, parameters: Parameters, data: Experience) -> None:
    moved = {**parameters, "log_std": parameters["log_std"] + 0.5}
    wider_from_old = problem.kl(parameters, moved, data)
    old_from_wider = problem.kl(moved, parameters, data)
    std, wide = (problem.policy(p, data.observations).std[:, 0] for p in (parameters, moved))
    expected = ((wide / std).log() + 0.5 * (std / wide).square() - 0.5).sum(-1)
    torch.testing.assert_close(wider_from_old, expected)
    assert (old_from_wider > wider_from_old).all()


def test_the_goal_stays_hidden_and_frozen(data: Experience, benchmark: PointBenchmark) -> None:
    """Before its first reward, a policy sees the same in all tasks."""
    first = data.trajectories.observations[:, 0]
    assert torch.equal(first, first[:1, :1].expand_as(first))
    for slot in range(TASKS):
        goal = torch.tensor(benchmark.train_tasks[slot].parameters, dtype=torch.float64)
        after = data.trajectories.observations[slot, 1:, :, :2]
        rewards = data.trajectories.rewards[slot, :-1]
        torch.testing.assert_close(1 - (after - goal).norm(dim=-1), rewards)


def test_a_subsample_keeps_whole_steps(problem: ReinforcementLearning, data: Experience) -> None:
    half = problem.subsample(data, 2)
    expected = data.trajectories.observations[:, ::2].flatten(1, 2)
    assert torch.equal(half.observations, expected)
    assert half.advantages.shape == half.log_probs.shape == expected.shape[:2]
    assert torch.equal(problem.subsample(data, 1).actions, data.actions)


def test_scores_are_those_of_the_episodes(problem: ReinforcementLearning, data: Experience) -> None:
    scores = problem.summarise(data)
    episodes = data.trajectories
    for slot in range(TASKS):
        returns, ever, last, times = [], [], [], []
        for episode in range(problem.data_per_task):
            hits = episodes.successes[slot, :, episode].tolist()
            returns.append(float(episodes.rewards[slot, :, episode].sum()))
            ever.append(any(hits))
            last.append(hits[-1])
            times.append(hits.index(True) + 1 if any(hits) else len(hits))
        for name, values in {
            "return": returns,
            "success_any": ever,
            "success_last": last,
            "time_to_success": times,
        }.items():
            assert float(scores[name][slot]) == pytest.approx(sum(values) / len(values)), name


def test_evaluation_draws_nothing(
    problem: ReinforcementLearning, benchmark: PointBenchmark, parameters: Parameters, key: RandomKey
) -> None:
    one = problem.evaluate(AdaptedLearner(parameters), benchmark.test_tasks[:TASKS], key)
    other = problem.evaluate(AdaptedLearner(parameters), benchmark.test_tasks[:TASKS], key.child("other"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_inputs_are_the_observations_of_the_tasks_own_sampled_episodes(
    problem: ReinforcementLearning, benchmark: PointBenchmark, parameters: Parameters, data: Experience, key: RandomKey
) -> None:
    tasks = benchmark.train_tasks[:TASKS]
    assert torch.equal(problem.inputs(AdaptedLearner(parameters), tasks, key), data.observations)
    moved = {**parameters, "mean.2.bias": parameters["mean.2.bias"] + 1}
    assert not torch.equal(problem.inputs(AdaptedLearner(moved), tasks, key), data.observations)
    means = problem.representations(parameters, data.observations)["head"]
    assert torch.equal(means, problem.policy(parameters, data.observations).mean)


def test_advantages_are_assembled_from_each_tasks_own_episodes(
    problem: ReinforcementLearning, data: Experience
) -> None:
    """The same in numpy, task by task: fit, predict, bootstrap the end, sum temporal differences, normalise."""
    episodes = data.trajectories
    steps, count = episodes.rewards.shape[1:]
    for slot in range(TASKS):
        rewards = episodes.rewards[slot].numpy()
        returns = np.zeros_like(rewards)
        for t in reversed(range(steps)):
            returns[t] = rewards[t] + (problem.discount * returns[t + 1] if t + 1 < steps else 0)
        features = np.stack([features_of(episodes.observations[slot, t].numpy(), t) for t in range(steps)])
        flat = features.reshape(steps * count, -1)
        gram = flat.T @ flat + 1e-5 * np.eye(flat.shape[1])
        weights = np.linalg.solve(gram, flat.T @ returns.reshape(-1))
        values = (
            np.concatenate([features, features_of(episodes.final_observations[slot].numpy(), steps)[None]]) @ weights
        )
        errors = rewards + problem.discount * values[1:] - values[:-1]
        decay = problem.discount * problem.gae_lambda
        raw = np.stack([sum(decay ** (k - t) * errors[k] for k in range(t, steps)) for t in range(steps)])
        expected = ((raw - raw.mean()) / raw.std()).reshape(-1)
        np.testing.assert_allclose(data.advantages[slot].numpy(), expected, atol=1e-5)


def test_sharpened_rewards_are_learned_from_and_never_scored(
    problem: ReinforcementLearning, benchmark: PointBenchmark, parameters: Parameters, key: RandomKey
) -> None:
    tasks = benchmark.train_tasks[:TASKS]
    plain = problem.collect(AdaptedLearner(parameters), tasks, key)
    problem.sharpening = Sharpening(maximum=1.0, offset=0.01)
    sharpened = problem.collect(AdaptedLearner(parameters), tasks, key)
    assert torch.equal(plain.trajectories.rewards, sharpened.trajectories.rewards)
    assert not torch.isclose(plain.advantages, sharpened.advantages).all()
    one, other = problem.summarise(plain), problem.summarise(sharpened)
    assert all(torch.equal(one[name], other[name]) for name in one)


def features_of(observations: np.ndarray, step: int) -> np.ndarray:
    time = np.full((len(observations), 1), step / 100)
    return np.concatenate([observations, observations**2, time, time**2, time**3, np.ones_like(time)], axis=-1)


def test_an_action_that_is_not_finite_is_an_error(
    problem: ReinforcementLearning, benchmark: PointBenchmark, parameters: Parameters, key: RandomKey
) -> None:
    parameters["mean.2.bias"][1, 0] = float("nan")
    with pytest.raises(FloatingPointError, match="action"):
        problem.evaluate(AdaptedLearner(parameters), benchmark.test_tasks[:TASKS], key)


def test_fresh_policies_are_centred_on_where_episodes_start(
    problem: ReinforcementLearning, benchmark: PointBenchmark, key: RandomKey
) -> None:
    fresh = problem.initial_parameters(key)
    goals = torch.tensor([task.parameters for task in benchmark.train_tasks], dtype=torch.float64)
    start = benchmark.make_worlds(len(goals)).reset(goals).mean(0).to(fresh["mean.0.bias"])
    hidden = start @ fresh["mean.0.weight"] + fresh["mean.0.bias"]
    torch.testing.assert_close(hidden, torch.zeros_like(hidden), rtol=0, atol=1e-6)


def test_a_simulation_that_fails_is_an_error_that_names_its_task(
    problem: ReinforcementLearning,
    benchmark: PointBenchmark,
    parameters: Parameters,
    key: RandomKey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unstable(self: PointWorlds) -> torch.Tensor:
        return torch.arange(self.num_worlds) == 2 * problem.data_per_task + 1

    monkeypatch.setattr(PointWorlds, "unstable", unstable)
    with pytest.raises(NotFiniteError, match="the simulation is not finite") as caught:
        problem.collect(AdaptedLearner(parameters), benchmark.train_tasks[:TASKS], key)
    assert caught.value.slot == 2


def test_warnings_of_the_simulator_are_counted(
    problem: ReinforcementLearning,
    benchmark: PointBenchmark,
    parameters: Parameters,
    key: RandomKey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PointWorlds, "warnings", lambda self: {"CONTACTFULL": torch.tensor([0, 3, 1])})
    for _ in range(2):
        problem.collect(AdaptedLearner(parameters), benchmark.train_tasks[:TASKS], key)
    assert problem.cost.warnings == {"CONTACTFULL": 8}
