"""RL²: its loss and its gradients are those of a plain loop over steps; its memory lasts through a trial."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mlrun.algorithms.rl2 import RL2
from mlrun.benchmarks.navigation2d import Navigation2D
from mlrun.benchmarks.task import stack_parameters
from mlrun.config.algorithms import RL2Config
from mlrun.config.benchmarks import Navigation2DConfig
from mlrun.config.schema import EpisodicExperiment, PolicyConfig, TrainingConfig
from mlrun.learner import AdaptedLearner, expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rl.advantages import Sharpening
from mlrun.rl.policy import PolicyInputs
from mlrun.rl.recurrent import RecurrentNetwork, RecurrentPolicy
from mlrun.rl.reward_inputs import RewardInputs
from mlrun.rl.trials import Trial
from tests.algorithms.cases import same, shifted
from tests.point_benchmark import PointBenchmark

TASKS, TRIALS, EPISODES = 3, 2, 3
VALUES = ("linear", "recurrent", "privileged")


def config(**outer: Any) -> RL2Config:
    value = outer.pop("value", "linear")
    section = {
        "name": "rl2",
        "trial": {"episodes": EPISODES},
        "memory": {"cell": outer.pop("cell", "gru"), "size": 5},
        "value": {"name": value, **({"hidden_sizes": [4]} if value == "privileged" else {})},
        "outer": outer,
    }
    return RL2Config.model_validate(section)


def problem(benchmark: Any, cell: Any = "gru", **options: Any) -> EpisodicProblem:
    network = RecurrentNetwork(
        observation_size=benchmark.observation_size,
        action_size=benchmark.action_size,
        output_size=benchmark.action_size,
        cell=cell,
        memory_size=5,
        hidden_sizes=(4,),
        input_scale=2.0,
        rewards=RewardInputs(0.5, Sharpening(1.0, 0.1), changes=True),
    )
    return EpisodicProblem(benchmark, RecurrentPolicy(network, 1.0, 0.1), episodes_per_task=TRIALS, **options)


def learner(case: EpisodicProblem, key: RandomKey, **options: Any) -> RL2:
    """In float64, with weights large enough that the memory matters."""
    algorithm = RL2(config(**options))
    algorithm.initialise(case, key)
    exact = {name: tensor.double() for name, tensor in algorithm.parameters.items()}
    moved = shifted(exact, 0.2, key)
    algorithm.parameters = {name: exact[name] if name == "center" else moved[name] for name in exact}
    return algorithm


def trial(case: EpisodicProblem, algorithm: RL2, tasks: Any, key: RandomKey) -> Trial:
    parameters = expand_to_tasks(algorithm.parameters, len(tasks))
    return case.run_trial(AdaptedLearner(parameters), tasks, EPISODES, key)


def plain_loss(
    case: EpisodicProblem, parameters: Parameters, played: Trial, advantages: torch.Tensor, clip: float, span: str
) -> torch.Tensor:
    """Step by step: the policy is asked at each step for its next action, and the clipped gain is added up."""
    steps_per_episode = case.benchmark.horizon
    everywhere = expand_to_tasks(parameters, len(advantages))
    memory = case.policy.initial_memory(everywhere, TRIALS)
    total, count = torch.zeros((), dtype=torch.float64), 0
    inputs = played.inputs
    for step in range(advantages.shape[1]):
        if span == "episode" and step % steps_per_episode == 0:
            memory = {name: tensor.detach() for name, tensor in memory.items()}
        distribution, memory = case.policy.step(everywhere, inputs.map(lambda part, step=step: part[:, step]), memory)
        normal = torch.distributions.Normal(distribution.mean, distribution.std)
        log_probs = normal.log_prob(played.actions[:, step]).sum(-1)
        for task in range(len(advantages)):
            for world in range(TRIALS):
                ratio = (log_probs[task, world] - played.log_probs[task, step, world]).exp()
                gain = advantages[task, step, world]
                limited = min(max(ratio.item(), 1 - clip), 1 + clip) * gain
                total = total - (ratio * gain if ratio * gain <= limited else limited)
                count += 1
    return total / count


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("span", ["trial", "episode"])
def test_loss_and_gradient_are_those_of_a_loop_over_steps(
    cell: str, span: str, benchmark: PointBenchmark, key: RandomKey
) -> None:
    """In the second epoch, where ratios are not 1 and some are clipped. With Adam's step 0, nothing moves."""
    case = problem(benchmark, cell)
    algorithm = learner(case, key, cell=cell, backpropagation=span, clip_range=0.05, epochs=1, minibatches=1)
    tasks = benchmark.train_tasks[:TASKS]
    played = trial(case, algorithm, tasks, key)
    advantages = torch.randn(played.rewards.shape, dtype=torch.float64, generator=key.generator())
    old = algorithm.parameters
    # A truncated gradient is exact where the stored memories are those of the parameters, so only the head moves then.
    moving = [name for name in old if span == "trial" or not name.startswith("recurrent")]
    moved = shifted({name: old[name] for name in moving if name != "center"}, 0.03, key.child("move"))
    algorithm.parameters = {**old, **moved}
    found: dict[str, Any] = {}

    def spy(
        parameters: Parameters, losses: Any, items: tuple[int, int], *_: Any
    ) -> tuple[Parameters, dict[str, float]]:
        leaves = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
        loss = losses(leaves, torch.arange(items[0] * items[1]), key).mean()
        wanted = [leaves[name] for name in leaves if name != "center"]
        found.update(loss=loss, gradients=torch.autograd.grad(loss, wanted))
        return parameters, {}

    algorithm._adam.step = spy  # type: ignore[method-assign]
    algorithm._improve(case, played, advantages, key)
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in algorithm.parameters.items()}
    loss = plain_loss(case, leaves, played, advantages, 0.05, span)
    gradients = torch.autograd.grad(loss, [leaves[name] for name in leaves if name != "center"])
    torch.testing.assert_close(found["loss"], loss, rtol=1e-10, atol=1e-12)
    for ours, theirs in zip(found["gradients"], gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-12)
    ratios = (
        case.policy.sequence(expand_to_tasks(leaves, TASKS), played.inputs, played.episodes[0].first_memory).log_prob(
            played.actions
        )
        - played.log_probs
    ).exp()
    assert (ratios - 1).abs().max() > 0.05


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gradients_are_those_of_finite_differences(cell: str, benchmark: PointBenchmark, key: RandomKey) -> None:
    case = problem(benchmark, cell)
    algorithm = learner(case, key, cell=cell)
    played = trial(case, algorithm, benchmark.train_tasks[:2], key)
    advantages = torch.randn(played.rewards.shape, dtype=torch.float64, generator=key.generator())
    names = [name for name in algorithm.parameters if name != "center"]

    def loss(*tensors: torch.Tensor) -> torch.Tensor:
        parameters = {**algorithm.parameters, **dict(zip(names, tensors, strict=True))}
        distribution = case.policy.sequence(
            expand_to_tasks(parameters, 2), played.inputs, played.episodes[0].first_memory
        )
        return ((distribution.log_prob(played.actions) - played.log_probs).exp() * advantages).mean()

    tensors = tuple(algorithm.parameters[name].clone().requires_grad_() for name in names)
    assert torch.autograd.gradcheck(loss, tensors)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_memories_at_the_boundaries_are_those_of_the_whole_trial(
    cell: str, benchmark: PointBenchmark, key: RandomKey
) -> None:
    case = problem(benchmark, cell)
    algorithm = learner(case, key, cell=cell)
    tasks = benchmark.train_tasks[:TASKS]
    played = trial(case, algorithm, tasks, key)
    parameters = expand_to_tasks(algorithm.parameters, TASKS)
    network, inputs = case.policy.network, played.inputs  # pyright: ignore[reportAttributeAccessIssue]
    memory = case.policy.initial_memory(parameters, TRIALS)
    for number, episode in enumerate(played.episodes):
        until = inputs.map(lambda part, end=number * benchmark.horizon: part[:, :end])
        if number:
            _, memory = network.sequence(parameters, until, case.policy.initial_memory(parameters, TRIALS))
        for name in ("hidden", "cell") if cell == "lstm" else ("hidden",):
            torch.testing.assert_close(episode.first_memory[name], memory[name], rtol=1e-12, atol=1e-14)
    assert not torch.isclose(played.episodes[1].first_memory["hidden"], played.episodes[2].first_memory["hidden"]).all()


@pytest.mark.parametrize("value", VALUES)
def test_advantages_run_through_the_trial_and_its_end_is_bootstrapped(
    value: str, benchmark: PointBenchmark, key: RandomKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the definition: the discounted sum of temporal differences, over all episodes."""
    case = problem(benchmark, discount=0.9, gae_lambda=0.8)
    algorithm, tasks = learner(case, key, value=value), benchmark.train_tasks[:TASKS]
    seen: dict[str, Any] = {}
    estimate = algorithm._value.estimate

    def watched(*given: Any) -> torch.Tensor:
        seen["trial"], seen["values"] = given[1], torch.randn(TASKS, 3 * 6 + 1, TRIALS, generator=key.generator())
        assert estimate(*given).shape == seen["values"].shape
        return seen["values"]

    def improve(_: Any, played: Trial, advantages: torch.Tensor, key: RandomKey) -> dict[str, float]:
        seen["advantages"] = advantages
        return {}

    algorithm.parameters = {name: tensor.float() for name, tensor in algorithm.parameters.items()}
    monkeypatch.setattr(algorithm._value, "estimate", watched)
    monkeypatch.setattr(algorithm, "_improve", improve)
    algorithm.update(case, tasks, key)
    values, rewards = seen["values"], seen["trial"].rewards
    errors = rewards + 0.9 * values[:, 1:] - values[:, :-1]
    steps = rewards.shape[1]
    discounts = 0.72 ** torch.arange(steps)
    sums = [torch.einsum("a,tae->te", discounts[: steps - now], errors[:, now:]) for now in range(steps)]
    expected = torch.stack(sums, 1)
    expected = (expected - expected.mean()) / expected.square().mean().sub(expected.mean() ** 2).sqrt()
    torch.testing.assert_close(seen["advantages"], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("value", ["recurrent", "privileged"])
@pytest.mark.parametrize("span", ["trial", "episode"])
def test_a_value_network_learns_its_targets(value: str, span: str, benchmark: PointBenchmark, key: RandomKey) -> None:
    case, tasks = problem(benchmark), benchmark.train_tasks[:TASKS]
    algorithm = RL2(config(value=value, epochs=400, learning_rate=0.02, backpropagation=span))
    algorithm.initialise(case, key)
    played = trial(case, algorithm, tasks, key)
    targets = 10 * played.inputs.observations[..., 0] + 5
    before = (algorithm._value.estimate(case, played, tasks)[:, :-1] - targets).square().mean()
    metrics = algorithm._value.learn(case, played, tasks, targets, key)
    after = (algorithm._value.estimate(case, played, tasks)[:, :-1] - targets).square().mean()
    assert after < 0.02 * before
    assert metrics["value/loss"] >= 0


def test_only_a_privileged_value_sees_the_task(key: RandomKey) -> None:
    """The same episodes as those of other tasks: the privileged value differs, the others do not."""
    benchmark = PointBenchmark()
    case, tasks = problem(benchmark), benchmark.train_tasks[:TASKS]
    for value in VALUES:
        algorithm = RL2(config(value=value))
        algorithm.initialise(case, key)
        played = trial(case, algorithm, tasks, key)
        algorithm._value.estimate(case, played, tasks)
        algorithm._value.learn(case, played, tasks, played.rewards, key)  # a fresh network gives 0 everywhere
        one = algorithm._value.estimate(case, played, tasks)
        other = algorithm._value.estimate(case, played, benchmark.train_tasks[3 : 3 + TASKS])
        assert torch.equal(one, other) == (value != "privileged")


def test_the_recurrent_value_continues_over_episodes(benchmark: PointBenchmark, key: RandomKey) -> None:
    case, tasks = problem(benchmark), benchmark.train_tasks[:TASKS]
    algorithm = RL2(config(value="recurrent"))
    algorithm.initialise(case, key)
    played = trial(case, algorithm, tasks, key)
    algorithm._value.estimate(case, played, tasks)
    algorithm._value.learn(case, played, tasks, played.rewards, key)
    alone = Trial(played.episodes[1:])
    whole, part = (algorithm._value.estimate(case, each, tasks) for each in (played, alone))
    assert not torch.isclose(whole[:, benchmark.horizon :], part).all()


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_loaded_state_goes_on_bit_for_bit(value: str, cell: str, benchmark: PointBenchmark, key: RandomKey) -> None:
    case, tasks = problem(benchmark, cell), benchmark.train_tasks[:TASKS]
    one, other = (RL2(config(value=value, cell=cell, epochs=2, minibatches=3)) for _ in range(2))
    one.initialise(case, key)
    one.update(case, tasks, key.child("1"))
    other.initialise(case, key.child("other"))
    other.load_state_dict(one.state_dict())
    assert one.update(case, tasks, key.child("2")) == other.update(case, tasks, key.child("2"))
    assert same(one.state_dict(), other.state_dict())
    assert torch.equal(one.parameters["center"], case.initial_parameters(key)["center"])


def test_the_memory_of_each_trial_is_its_own(benchmark: PointBenchmark, key: RandomKey) -> None:
    case, tasks = problem(benchmark), benchmark.train_tasks[:TASKS]
    algorithm = learner(case, key)
    adapted = algorithm.adapt(case, tasks, key, 2)
    assert [each.data_used for each in adapted] == [0, 1, 2]
    assert [each.worlds for each in adapted] == [TRIALS] * 3
    assert not adapted[0].memory["hidden"].any()
    memory = adapted[2].memory["hidden"]
    assert not torch.isclose(memory[0], memory[1]).all()
    assert not torch.isclose(memory[0, 0], memory[0, 1]).all()
    alone = algorithm.adapt(case, tasks[:1], key, 2)[2].memory["hidden"]
    torch.testing.assert_close(alone, memory[:1], rtol=1e-12, atol=1e-14)


def test_tasks_with_different_weights_are_refused(benchmark: PointBenchmark, key: RandomKey) -> None:
    case = problem(benchmark)
    parameters = {name: torch.stack((t, t + 1)) for name, t in case.initial_parameters(key).items()}
    with pytest.raises(ValueError, match="must share the weights"):
        case.policy.initial_memory(parameters, 1)


def test_without_rewards_a_network_refuses_to_guess() -> None:
    network = RecurrentNetwork(observation_size=3, action_size=2, output_size=2)
    parameters = expand_to_tasks(network.initial_parameters(RandomKey(0, 0, "test").generator()), 1)
    with pytest.raises(ValueError, match="needs the last actions, the last rewards"):
        network.step(parameters, PolicyInputs(torch.zeros(1, 1, 3)), network.initial_memory(parameters, 1))


def test_without_rewards_it_sees_zeros_and_its_scores_stay(benchmark: PointBenchmark, key: RandomKey) -> None:
    case = problem(benchmark)
    algorithm, tasks = learner(case, key), benchmark.train_tasks[:TASKS]
    blind = case.without_rewards()
    played = trial(blind, algorithm, tasks, key)
    assert played.rewards.all()
    zeros = played.inputs._replace(rewards=torch.zeros_like(played.rewards))
    parameters = expand_to_tasks(algorithm.parameters, TASKS)
    seen, told = (
        case.policy.sequence(parameters, inputs, played.episodes[0].first_memory).log_prob(played.actions)
        for inputs in (played.inputs, zeros)
    )
    torch.testing.assert_close(told, played.log_probs, rtol=1e-12, atol=1e-12)
    assert not torch.isclose(seen, told).all()
    assert torch.equal(blind.summarise(played.episodes[0])["return"], played.episodes[0].rewards.sum(1).mean(1))


def test_it_learns_to_find_a_goal(key: RandomKey) -> None:
    """On 2D navigation with short episodes: in its second episode it goes where the first one has found the goal."""
    benchmark = Navigation2D(horizon=15, evaluation_tasks=60)
    section = {
        "name": "rl2",
        "memory": {"size": 24},
        "reward_scale": 3.0,
        "value": {"name": "privileged", "hidden_sizes": [24]},
        "outer": {"learning_rate": 5e-3, "epochs": 4, "minibatches": 2},
    }
    what = EpisodicExperiment(
        benchmark=Navigation2DConfig(horizon=15),
        algorithm=RL2Config.model_validate(section),
        policy=PolicyConfig(hidden_sizes=(24,), initial_std=0.6, min_std=0.1, input_scale=4.0),
        training=TrainingConfig(iterations=1),
    )
    policy = RL2.make_policy(what, benchmark)
    case = EpisodicProblem(benchmark, policy, episodes_per_task=1, discount=0.9, gae_lambda=0.9)
    algorithm = RL2(what.algorithm)  # pyright: ignore[reportArgumentType]
    algorithm.initialise(case, key)
    for iteration in range(60):
        tasks = benchmark.draw_tasks(100, key.child(f"tasks/{iteration}").numpy_generator())
        algorithm.update(case, tasks, key.child(f"update/{iteration}"))
    tasks = benchmark.test_tasks
    first, last = (
        float(case.evaluate(each, tasks, key)["return"].mean()) for each in algorithm.adapt(case, tasks, key, 1)
    )
    still = -15 * float(stack_parameters(tasks).norm(dim=-1).mean())
    assert last > first + 0.5
    assert last > 0.7 * still
