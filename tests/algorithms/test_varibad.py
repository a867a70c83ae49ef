"""Task inference: a belief over whole trials, trained by what it predicts, and never by the policy's loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from mlrun.algorithms.belief_loss import BeliefLoss
from mlrun.algorithms.varibad import VariBAD
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import VariBADConfig
from mlrun.config.benchmarks import Navigation2DConfig
from mlrun.config.schema import EpisodicExperiment, TrainingConfig
from mlrun.learner import AdaptedLearner, expand_to_tasks
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.registry import PluginError
from mlrun.rl.advantages import Sharpening
from mlrun.rl.belief import BeliefPolicy, Transitions
from mlrun.rl.policy import PolicyInputs
from mlrun.rl.reward_inputs import RewardInputs
from mlrun.rl.trials import Trial
from tests.algorithms.cases import same, shifted
from tests.point_benchmark import PointBenchmark

TASKS, TRIALS, EPISODES = 3, 2, 3


def config(**belief: Any) -> VariBADConfig:
    outer = {"epochs": 2, "minibatches": 2, "clip_range": belief.pop("clip_range", 0.2)}
    section = {"name": "varibad", "trial": {"episodes": EPISODES}, "belief": {"size": 5, **belief}, "outer": outer}
    return VariBADConfig.model_validate(section)


def problem(benchmark: Any, latent_size: int = 3, **options: Any) -> EpisodicProblem:
    policy = BeliefPolicy(
        observation_size=benchmark.observation_size,
        action_size=benchmark.action_size,
        horizon=benchmark.horizon,
        latent_size=latent_size,
        hidden_sizes=(4,),
        belief_size=5,
        initial_std=1.0,
        min_std=0.1,
        input_scale=2.0,
        rewards=RewardInputs(sharpening=Sharpening(1.0, 0.1), changes=True),
    )
    return EpisodicProblem(benchmark, policy, episodes_per_task=TRIALS, **options)


def learner(case: EpisodicProblem, key: RandomKey, **options: Any) -> VariBAD:
    """In float64, with weights large enough that the belief matters."""
    algorithm = VariBAD(config(**options))
    algorithm.initialise(case, key)
    exact = {name: tensor.double() for name, tensor in algorithm.parameters.items()}
    moved = shifted(exact, 0.3, key)
    algorithm.parameters = {name: exact[name] if name == "center" else moved[name] for name in exact}
    return algorithm


def trial(case: EpisodicProblem, algorithm: VariBAD, tasks: Sequence[Task], key: RandomKey) -> Trial:
    parameters = expand_to_tasks(algorithm.parameters, len(tasks))
    return case.run_trial(AdaptedLearner(parameters), tasks, EPISODES, key)


def test_a_trial_as_one_sequence_is_the_same_as_step_by_step(benchmark: PointBenchmark, key: RandomKey) -> None:
    case = problem(benchmark)
    algorithm, tasks = learner(case, key), benchmark.train_tasks[:TASKS]
    played = trial(case, algorithm, tasks, key)
    parameters = expand_to_tasks(algorithm.parameters, TASKS)
    distribution = case.policy.sequence(parameters, played.inputs, played.episodes[0].first_memory)
    torch.testing.assert_close(distribution.log_prob(played.actions), played.log_probs, rtol=1e-12, atol=1e-12)
    memory = case.policy.initial_memory(parameters, TRIALS)
    for step in range(played.rewards.shape[1]):
        now = played.inputs.map(lambda part, step=step: part[:, step])
        one, memory = case.policy.step(parameters, now, memory)
        torch.testing.assert_close(one.mean, distribution.mean[:, step], rtol=1e-12, atol=1e-12)
    for name in ("evidence", "first", "before", "rewards", "steps"):
        torch.testing.assert_close(memory[name], played.episodes[-1].memory[name], rtol=1e-12, atol=1e-12)


def test_what_happened_before_an_episode_is_no_part_of_it(benchmark: PointBenchmark, key: RandomKey) -> None:
    """The last reward of an episode is not taken for that of the first observation of the next."""
    case = problem(benchmark)
    algorithm = learner(case, key)
    played = trial(case, algorithm, benchmark.train_tasks[:TASKS], key)
    policy: Any = case.policy
    parameters = expand_to_tasks(algorithm.parameters, TASKS)
    found, _ = policy.transitions(parameters, played.inputs, played.episodes[0].first_memory)
    begins = [number * benchmark.horizon for number in range(EPISODES)]
    assert not found.happened[:, begins].any()
    assert found.happened.sum() == TASKS * TRIALS * EPISODES * (benchmark.horizon - 1)
    assert not found.rewards[:, begins].any()
    assert not found.gains[:, begins].any()
    assert not found.gains[:, [begin + 1 for begin in begins]].any(), "there is no reward before the first one"
    assert not policy.evidence(parameters, found)[:, begins].any()
    size = benchmark.observation_size
    position, change, first = found.situation.split(size, -1)
    assert not change[:, begins].any()
    torch.testing.assert_close(first[:, 7], position[:, 6])
    torch.testing.assert_close(change[:, 8] / 10, ((position[:, 8] - position[:, 7]) / 2).clamp(-0.3, 0.3))
    torch.testing.assert_close(found.rewards[:, 3, :, 0], played.rewards[:, 2])
    scaled = policy.rewards.scaled(played.rewards)
    torch.testing.assert_close(found.gains[:, 9].sinh() / 50, scaled[:, 8] - scaled[:, 7])
    torch.testing.assert_close(found.time[:, 8], torch.full_like(found.time[:, 8], 2 / benchmark.horizon))


def test_the_order_of_what_happened_does_not_matter(benchmark: PointBenchmark, key: RandomKey) -> None:
    case = problem(benchmark)
    algorithm = learner(case, key)
    played = trial(case, algorithm, benchmark.train_tasks[:TASKS], key)
    policy: Any = case.policy
    parameters = expand_to_tasks(algorithm.parameters, TASKS)
    found, _ = policy.transitions(parameters, played.inputs, played.episodes[0].first_memory)
    shuffled = type(found)(*(part.flip(1) for part in found))
    one, other = (policy.belief(parameters, policy.evidence(parameters, each).sum(1)) for each in (found, shuffled))
    torch.testing.assert_close(one, other)


def test_the_belief_differs_between_tasks_only_by_what_happened(benchmark: PointBenchmark, key: RandomKey) -> None:
    case = problem(benchmark)
    adapted = learner(case, key).adapt(case, benchmark.train_tasks[:TASKS], key, 2)
    assert [each.data_used for each in adapted] == [0, 1, 2]
    assert torch.equal(adapted[0].memory["evidence"][0], adapted[0].memory["evidence"][1])
    assert not torch.isclose(adapted[1].memory["evidence"][0], adapted[1].memory["evidence"][1]).all()
    assert not torch.isclose(adapted[1].memory["evidence"], adapted[2].memory["evidence"]).all()


PREDICTED = ("rewards", "task")


@pytest.mark.parametrize("predicts", PREDICTED)
def test_a_belief_that_predicts_rewards_depends_on_no_parameter_of_a_task(
    predicts: str, key: RandomKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same episodes, told to be of other tasks."""
    benchmark = PointBenchmark()
    case = problem(benchmark, latent_size=2)
    algorithm, tasks = VariBAD(config(predicts=predicts, latent_size=2)), benchmark.train_tasks
    algorithm.initialise(case, key)
    played = trial(case, algorithm, tasks[:TASKS], key)
    monkeypatch.setattr(case, "run_trial", lambda *_: played)
    states = []
    for told in (tasks[:TASKS], tasks[3 : 3 + TASKS]):
        algorithm = VariBAD(config(predicts=predicts, latent_size=2))
        algorithm.initialise(case, key)
        algorithm.update(case, told, key)
        states.append(algorithm.state_dict())
    assert same(*states) == (predicts == "rewards")
    assert same(states[0]["value"], states[1]["value"])


def belief_loss(case: EpisodicProblem, algorithm: VariBAD, tasks: Sequence[Task], key: RandomKey) -> BeliefLoss:
    """Of trials with random codes."""
    played = trial(case, algorithm, tasks, key)
    policy: Any = case.policy
    parameters = expand_to_tasks(algorithm.parameters, len(tasks))
    transitions, _ = policy.transitions(parameters, played.inputs, played.episodes[0].first_memory)
    some = Transitions(*(played.sequences(part, "trial")[0] for part in transitions))
    codes = key.child("codes").normal(len(tasks), (TRIALS, policy.latent_size)).flatten(0, 1)
    return BeliefLoss(
        policy=policy,
        config=algorithm.config.belief,
        parameters=algorithm.parameters,
        transitions=some,
        trials=(len(tasks), TRIALS),
        goals=torch.zeros(0),
        codes=codes.to(some.time),
        reward_limits=(some.rewards.amin((0, 1)), some.rewards.amax((0, 1))),
    )


def test_codes_of_trials_move_to_what_explains_their_rewards(benchmark: PointBenchmark, key: RandomKey) -> None:
    case, tasks = problem(benchmark, latent_size=2), benchmark.train_tasks
    algorithm = learner(case, key, latent_size=2)
    loss = belief_loss(case, algorithm, tasks, key)
    everyone, shared = torch.arange(len(loss.codes)), expand_to_tasks(algorithm.parameters, 1)
    moved = loss
    for time in range(20):
        moved = moved.explaining(algorithm.parameters, key.child(f"{time}"), case.group)
        assert moved.codes.abs().max() <= 2.8
        torch.testing.assert_close(moved.codes.mean(0), torch.zeros(2).double(), atol=0.1, rtol=0)
        torch.testing.assert_close(moved.codes.std(0, correction=0), torch.ones(2).double(), atol=0.1, rtol=0)
    before, after = (
        loss._surprise_at_rewards(codes, shared, loss.transitions, everyone, key).mean()
        for codes in (loss.codes, moved.codes)
    )
    assert after < before - 0.01


def test_imagined_trials_have_the_rewards_that_their_goal_would_give(benchmark: PointBenchmark, key: RandomKey) -> None:
    case, tasks = problem(benchmark, latent_size=2), benchmark.train_tasks
    algorithm = VariBAD(config(latent_size=2, imagined=0.5))
    algorithm.initialise(case, key)
    loss = belief_loss(case, algorithm, tasks, key)
    shared, some, own = expand_to_tasks(algorithm.parameters, 1), loss.transitions, loss.codes
    policy, chosen = loss.policy, torch.arange(len(own))
    early, same_codes = loss._imagine(shared, some, own, chosen, key)
    assert early is some
    assert same_codes is own
    told, answers = loss._imagine(shared, some, own, chosen, dataclasses.replace(key, iteration=40))
    imagined = (answers != own).any(1)
    assert 3 <= imagined.sum() <= len(own) - 3
    assert torch.equal(told.rewards[:, ~imagined], some.rewards[:, ~imagined])
    predicted = policy.predicted_rewards(shared, some, answers.expand(len(some.time), *answers.shape))
    low, high = some.rewards.flatten(0, 1).aminmax(dim=0)
    expected = predicted.clamp(low, high) * some.happened.unsqueeze(-1)
    torch.testing.assert_close(told.rewards[:, imagined], expected[:, imagined])
    torch.testing.assert_close(told.gains[:, ~imagined], some.gains[:, ~imagined])
    assert not torch.isclose(told.gains[2:6, imagined], some.gains[2:6, imagined]).any()
    assert torch.equal(told.situation, some.situation)


def test_beliefs_learn_from_imagined_trials_and_the_decoder_from_real_ones(
    benchmark: PointBenchmark, key: RandomKey
) -> None:
    """The parts of the loss by hand. Some trials are left out, and codes between which goals lie are those of all."""
    case, tasks = problem(benchmark, latent_size=2), benchmark.train_tasks
    algorithm = learner(case, key, latent_size=2, imagined=1.0)
    loss = belief_loss(case, algorithm, tasks, key)
    chosen, late = torch.arange(0, len(loss.codes), 2), dataclasses.replace(key, iteration=40)
    some = Transitions(*(part[:, chosen] for part in loss.transitions))
    drawn = late.child("imagined").uniform(len(tasks), (TRIALS, 4)).flatten(0, 1).double()[chosen]
    one, other = (loss.codes[(drawn[:, end] * len(loss.codes)).long()] for end in (0, 1))
    codes = one + (1.4 * drawn[:, 2:3] - 0.2) * (other - one)
    shared = expand_to_tasks(algorithm.parameters, 1)
    predicted = loss.policy.predicted_rewards(shared, some, codes.expand(len(some.time), *codes.shape))
    rewards = predicted.clamp(*loss.reward_limits) * some.happened.unsqueeze(-1)
    gains = torch.zeros_like(rewards)
    for step in range(2, len(rewards)):
        if step % benchmark.horizon > 1:
            gains[step] = (50 * (rewards[step] - rewards[step - 1])).asinh()
    evidence = loss._evidence(shared, some._replace(rewards=rewards, gains=gains))
    expected = loss._surprise_at_rewards(loss.codes[chosen], shared, some, chosen, late)
    expected = expected + loss._surprise_at(codes, shared, evidence, chosen, late)
    torch.testing.assert_close(loss(algorithm.parameters, chosen, late), expected)
    real = loss(algorithm.parameters, chosen, key)
    assert not torch.isclose(real, expected).any()


@pytest.mark.parametrize("predicts", PREDICTED)
def test_a_benchmark_that_hides_nothing_can_only_have_its_rewards_predicted(predicts: str) -> None:
    class Plain:
        name, observation_size, action_size, horizon = "plain", 3, 2, 6

    what = EpisodicExperiment(
        benchmark=Navigation2DConfig(),
        algorithm=VariBADConfig.model_validate({"name": "varibad"}),
        training=TrainingConfig(iterations=1),
    ).model_copy(update={"algorithm": config(predicts=predicts)})
    if predicts == "rewards":
        assert isinstance(VariBAD.make_policy(what, Plain()), BeliefPolicy)  # type: ignore[arg-type]
    else:
        with pytest.raises(PluginError, match="'plain' has no hidden"):
            VariBAD.make_policy(what, Plain())  # type: ignore[arg-type]


def test_policy_and_belief_are_trained_by_losses_of_their_own(benchmark: PointBenchmark, key: RandomKey) -> None:
    case = problem(benchmark)
    algorithm = learner(case, key)
    before = algorithm.parameters
    trained: list[set[str]] = []
    for adam in (algorithm._adam, algorithm._belief_adam):
        step = adam.step

        def watched(parameters: Any, *given: Any, step: Any = step, **options: Any) -> Any:
            trained.append(set(parameters))
            return step(parameters, *given, **options)

        adam.step = watched  # type: ignore[method-assign]
    algorithm.parameters = {name: tensor.float() for name, tensor in before.items()}
    algorithm.update(case, benchmark.train_tasks[:TASKS], key)
    policy, *passes = trained
    assert len(passes) == algorithm.config.belief.epochs
    belief = passes[0]
    assert not policy & belief
    assert policy | belief | {"center"} == before.keys()
    moved = {name for name, tensor in algorithm.parameters.items() if not torch.equal(tensor, before[name].float())}
    assert moved == before.keys() - {"center"}


@pytest.mark.parametrize("predicts", PREDICTED)
def test_a_belief_learns_where_the_goal_is(predicts: str, key: RandomKey) -> None:
    """From random actions. The goal is decoded by a linear map that is fitted to half of the trials."""
    benchmark = PointBenchmark()
    case, tasks = problem(benchmark, latent_size=2), benchmark.train_tasks * 5
    options = {"predicts": predicts, "epochs": 60, "minibatches": 1, "learning_rate": 1e-2, "latent_size": 2}
    algorithm = VariBAD(config(**options))
    algorithm.initialise(case, key)
    played = trial(case, algorithm, tasks, key)
    goals = benchmark.hidden(tasks).double().repeat_interleave(TRIALS, 0)
    policy: Any = case.policy
    errors = []
    for time in range(3):
        parameters = expand_to_tasks(algorithm.parameters, len(tasks))
        replayed = policy.features(parameters, played.inputs, played.episodes[0].first_memory)[1]
        belief = policy.knowledge(parameters, replayed).flatten(0, 1).double()
        known = torch.cat((belief, torch.ones(len(belief), 1)), 1)
        decoded = known @ torch.linalg.lstsq(known[::2], goals[::2]).solution
        errors.append(float((decoded - goals)[1::2].norm(dim=-1).mean()))
        algorithm._infer(case, played, tasks, key.child(str(time)))
    assert errors[-1] < 0.7 * errors[0], errors


@pytest.mark.parametrize("predicts", PREDICTED)
def test_a_loaded_state_goes_on_bit_for_bit(predicts: str, benchmark: PointBenchmark, key: RandomKey) -> None:
    case, tasks = problem(benchmark, latent_size=2), benchmark.train_tasks[:TASKS]
    one, other = (VariBAD(config(predicts=predicts, latent_size=2, epochs=2, minibatches=3)) for _ in range(2))
    one.initialise(case, key)
    one.update(case, tasks, key.child("1"))
    other.initialise(case, key.child("other"))
    other.load_state_dict(one.state_dict())
    assert one.update(case, tasks, key.child("2")) == other.update(case, tasks, key.child("2"))
    assert same(one.state_dict(), other.state_dict())


def test_without_rewards_it_refuses_to_guess(benchmark: PointBenchmark, key: RandomKey) -> None:
    case = problem(benchmark)
    parameters = expand_to_tasks(case.initial_parameters(key), 1)
    with pytest.raises(ValueError, match="needs the last actions, the last rewards"):
        case.policy.step(parameters, PolicyInputs(torch.zeros(1, 1, 3)), case.policy.initial_memory(parameters, 1))
