"""What the memory knows, of a learner that knows by construction what there is to find, and of real ones."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mlrun.analysis.explanation.figures import draw_memory, figures
from mlrun.analysis.explanation.memory import (
    HELD_OUT,
    TRAINING,
    WITHOUT_REWARDS,
    MemoryExplanation,
    evenly_spaced,
    explain_memory,
    knowledge,
)
from mlrun.analysis.explanation.report import memory_report
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.navigation2d import Navigation2D
from mlrun.benchmarks.task import Task
from mlrun.config.schema import Experiment
from mlrun.errors import Diverged, MlrunError
from mlrun.learner import AdaptedLearner, Memory
from mlrun.parameters import Parameters
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rl.belief import BeliefPolicy
from mlrun.rl.policy import DiagonalGaussian, Policy, PolicyInputs
from mlrun.rl.recurrent import RecurrentNetwork, RecurrentPolicy
from mlrun.rl.trials import Trial
from mlrun.training.device import Placement
from mlrun.training.evaluation import Adaptation, adapt_run, evaluation_key
from tests.training.test_all_algorithms import experiment, run
from tests.training.watcher import Watcher

HORIZON, TRIALS = 8, 2
MOVES = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])


class Surveyor:
    """Makes three moves, and remembers the squares of the rewards of the trial's first three steps.

    In 2D navigation these are squares of the distances of three places from the goal. Their differences are linear in
    the goal.
    """

    def __init__(self, action_size: int = 2) -> None:
        self.observation_size, self.action_size = 0, action_size

    def initial_memory(self, parameters: Parameters, worlds: int) -> Memory:
        nothing = parameters["std"].new_zeros(len(parameters["std"]), worlds, 3)
        return {"squares": nothing, "count": nothing[..., 0].long()}

    def step(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> tuple[DiagonalGaussian, Memory]:
        assert inputs.rewards is not None
        count, now = memory["count"], torch.arange(3)
        squares = torch.where(count.unsqueeze(-1) == now + 1, inputs.rewards.unsqueeze(-1) ** 2, memory["squares"])
        return self._act(parameters, count), {**memory, "squares": squares, "count": count + 1}

    def sequence(self, parameters: Parameters, inputs: PolicyInputs, memory: Memory) -> DiagonalGaussian:
        steps = torch.arange(inputs.observations.shape[1]).unsqueeze(-1)
        return self._act(parameters, memory["count"].unsqueeze(1) + steps)

    def knowledge(self, parameters: Parameters, memory: Memory) -> torch.Tensor:
        return memory["squares"]

    def _act(self, parameters: Parameters, count: torch.Tensor) -> DiagonalGaussian:
        moves = torch.zeros(*count.shape, self.action_size)
        moves[..., :2] = torch.where(count.unsqueeze(-1) < 3, MOVES[count.clamp(max=2)], 0)
        return DiagonalGaussian(moves, torch.tensor(1e-6))


class Surveying:
    """Has nothing to learn."""

    def adapt(
        self, problem: EpisodicProblem, tasks: Sequence[Task], key: RandomKey, steps: int
    ) -> list[AdaptedLearner]:
        parameters = {"std": torch.zeros(len(tasks), 1)}
        start = AdaptedLearner(parameters, problem.policy.initial_memory(parameters, problem.data_per_task))
        return [start] * (steps + 1)


def adaptation(benchmark: Any, policy: Any = None, split: str = "test", episodes: int = 2) -> Adaptation:
    policy = policy or Surveyor(benchmark.action_size)
    problem = EpisodicProblem(benchmark, policy, episodes_per_task=TRIALS, num_threads=1)
    tasks, key = getattr(benchmark, f"{split}_tasks"), evaluation_key(3, 5, split)
    by_step = Surveying().adapt(problem, tasks, key, episodes - 1)
    place = Placement("cpu", "cpu")
    return Adaptation(cast(Any, Surveying()), benchmark, problem, 5, place, tasks, tasks, key, by_step)


@pytest.fixture
def settings() -> Experiment:
    return experiment("rl2", "navigation2d", 1)


@pytest.fixture
def found(settings: Experiment) -> MemoryExplanation:
    return explain_memory(adaptation(Navigation2D(horizon=HORIZON, evaluation_tasks=20)), settings)


def test_what_the_rewards_tell_is_decoded_as_soon_as_they_are_seen_and_not_before(found: MemoryExplanation) -> None:
    at = {step: number for number, step in enumerate(found.moments)}
    assert (found.features, found.trials, found.episodes, found.horizon) == (3, TRIALS, 2, HORIZON)
    assert found.moments == list(range(2 * HORIZON + 1))
    for name in (HELD_OUT, TRAINING):
        errors, constant = found.errors[name].mean(1).numpy(), float(found.constant[name].mean())
        assert errors[at[0]] == pytest.approx(constant, rel=0.1)  # held-out folds have other means
        assert 0.3 * constant < errors[at[2]] < 0.95 * constant  # one coordinate
        assert (errors[at[3] :] < 0.01 * constant).all()
    torch.testing.assert_close(found.errors[HELD_OUT][0], found.constant[HELD_OUT])


def test_without_rewards_it_knows_nothing(found: MemoryExplanation) -> None:
    constant = found.constant[HELD_OUT].expand(len(found.moments), -1)
    torch.testing.assert_close(found.errors[WITHOUT_REWARDS], constant)


def test_of_the_training_split_there_are_no_held_out_tasks(settings: Experiment) -> None:
    benchmark = Navigation2D(horizon=HORIZON, evaluation_tasks=20)
    both, alone = (explain_memory(adaptation(benchmark, split=split), settings) for split in ("test", "train"))
    assert list(both.errors) == [HELD_OUT, TRAINING, WITHOUT_REWARDS]
    assert list(alone.errors) == [TRAINING, WITHOUT_REWARDS]
    torch.testing.assert_close(alone.errors[TRAINING][0], both.errors[TRAINING][0], rtol=0.2, atol=0)
    assert torch.equal(alone.constant[WITHOUT_REWARDS], alone.constant[TRAINING])


@pytest.mark.parametrize(("recombine", "expected"), [(False, [3]), (True, range(4, 7))])
def test_the_map_is_fitted_to_training_tasks_and_to_others_that_training_draws(
    settings: Experiment, recombine: bool, expected: Sequence[int]
) -> None:
    benchmark = ML1("reach-v3", num_tasks=3, horizon=2, recombine=recombine)
    explained = explain_memory(adaptation(benchmark, episodes=1), settings)
    assert explained.fitted_to in expected
    assert explained.moments == [0, 1, 2]
    assert explained.errors[TRAINING].shape == explained.errors[HELD_OUT].shape == (3, 3)


def test_the_goal_of_ml1_is_where_the_object_has_to_be_and_not_where_it_starts(settings: Experiment) -> None:
    benchmark = ML1("push-v3", num_tasks=3, horizon=1)
    explained = explain_memory(adaptation(benchmark, episodes=1), settings)
    goals = torch.tensor([task.parameters[3:5] for task in benchmark.test_tasks], dtype=torch.float64)
    mean = torch.tensor([task.parameters[3:5] for task in benchmark.train_tasks], dtype=torch.float64).mean(0)
    torch.testing.assert_close(explained.constant[HELD_OUT], (goals - mean).norm(dim=1))


def test_of_a_benchmark_that_does_not_say_what_is_hidden_all_parameters_are_decoded(settings: Experiment) -> None:
    class Silent(Navigation2D):
        hidden = cast(Any, property())

    benchmarks = (kind(horizon=2, evaluation_tasks=4) for kind in (Silent, Navigation2D))
    silent, saying = (explain_memory(adaptation(each), settings) for each in benchmarks)
    assert torch.equal(silent.errors[HELD_OUT], saying.errors[HELD_OUT])


def test_tasks_without_a_common_goal_are_refused_in_one_line(settings: Experiment) -> None:
    class Alone(Navigation2D):
        hidden = cast(Any, property())

        def draw_tasks(self, count: int, generator: np.random.Generator) -> list[Task]:
            return list(self.train_tasks)

    benchmark = Alone(horizon=2, evaluation_tasks=1)
    with pytest.raises(MlrunError, match="navigation2d: there is nothing to decode: all training tasks have the same"):
        explain_memory(adaptation(benchmark), settings)
    [task] = benchmark.train_tasks
    benchmark.train_tasks = [dataclasses.replace(task, family=name) for name in ("a", "b")]
    with pytest.raises(MlrunError, match="tasks of several families have no common goal"):
        explain_memory(adaptation(benchmark), settings)


def test_a_memory_that_is_not_finite_names_the_task(settings: Experiment) -> None:
    class Forgetful(Surveyor):
        def knowledge(self, parameters: Parameters, memory: Memory) -> torch.Tensor:
            return torch.where(torch.arange(len(memory["squares"]))[:, None, None] == 2, torch.nan, memory["squares"])

    case = adaptation(Navigation2D(horizon=2, evaluation_tasks=4), Forgetful())
    with pytest.raises(Diverged, match="adaptation from checkpoint 5: the memory of train task 2 is not finite"):
        explain_memory(case, settings)


def test_what_is_played_begins_as_the_evaluation_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = run(tmp_path, experiment("rl2", "navigation2d", 1), Watcher())
    trials: list[Trial] = []
    played = EpisodicProblem.run_trial

    def remember(self: EpisodicProblem, *given: Any) -> Trial:
        trials.append(played(self, *given))
        return trials[-1]

    monkeypatch.setattr(EpisodicProblem, "run_trial", remember)
    case = adapt_run(directory)
    of_training = adapt_run(directory, split="train")
    explain_memory(case, directory.experiment())
    assert len(trials) == 6  # training tasks, others and held-out ones, with rewards and without
    for evaluated, trial in ((of_training, trials[0]), (case, trials[2])):
        assert len(trial.episodes) == len(evaluated.by_step) == 3
        for learner, episode in zip(evaluated.by_step[1:], trial.episodes, strict=False):
            assert torch.equal(learner.memory["hidden"], episode.memory["hidden"])


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_recurrent_policy_knows_what_its_network_remembers(cell: Any, key: RandomKey) -> None:
    network = RecurrentNetwork(2, 2, 2, cell=cell, memory_size=5, hidden_sizes=(4,))
    memory, policy = _moved(RecurrentPolicy(network, 1.0, 0.1), key)
    parts = [memory["hidden"], memory["cell"]] if cell == "lstm" else [memory["hidden"]]
    assert torch.equal(knowledge(*policy, memory), torch.cat(parts, -1))


def test_a_belief_policy_knows_the_mean_of_its_belief(key: RandomKey) -> None:
    belief = BeliefPolicy(2, 2, 9, 3, (4,), 5, 1.0, 0.1)
    memory, (policy, parameters) = _moved(belief, key)
    assert torch.equal(knowledge(policy, parameters, memory), belief.belief(parameters, memory["evidence"]).mean)


def test_of_any_other_policy_it_is_the_whole_memory_but_for_what_rollouts_add() -> None:
    memory = {
        "a": torch.arange(12.0).view(2, 3, 2),
        "count": torch.ones(2, 3, dtype=torch.long),
        "last action": torch.full((2, 3, 4), 7.0),
        "last reward": torch.full((2, 3), 7.0),
    }
    known = knowledge(cast(Policy, object()), {}, memory)
    torch.testing.assert_close(known, torch.cat((memory["a"], memory["count"].unsqueeze(-1)), -1).double())


def _moved(policy: Any, key: RandomKey) -> tuple[Memory, tuple[Policy, Parameters]]:
    """A memory after a step, and the policy with its parameters."""
    parameters = {name: tensor.expand(3, *tensor.shape) for name, tensor in policy.initial_parameters(key).items()}
    inputs = PolicyInputs(
        torch.rand(3, 2, 2), torch.rand(3, 2, 2), torch.rand(3, 2), torch.zeros(3, 2, dtype=torch.bool)
    )
    _, memory = policy.step(parameters, inputs, policy.initial_memory(parameters, 2))
    return memory, (policy, parameters)


def test_moments_include_the_ends_of_all_episodes_and_of_their_parts() -> None:
    assert evenly_spaced(150, 2, 4) == [0, 38, 75, 112, 150, 188, 225, 262, 300]
    assert evenly_spaced(3, 2, 12) == [0, 1, 2, 3, 4, 5, 6]
    assert set(evenly_spaced(150, 2, 4)) <= set(evenly_spaced(150, 2, 12))
    assert evenly_spaced(7, 3, 1) == [0, 7, 14, 21]


def test_a_report_has_every_moment_and_every_task_and_is_plain_data(tmp_path: Path) -> None:
    directory = run(tmp_path, experiment("varibad", "navigation2d", 1), Watcher())
    explained = explain_memory(adapt_run(directory), directory.experiment())
    report = memory_report(directory, explained)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    memory = report["memory"]
    assert [entry["step"] for entry in memory["by_step"]] == explained.moments
    last = memory["by_step"][-1]["held_out"]
    assert last["low"] < last["mean"] < last["high"]
    errors = [task["error"] for task in report["per_task"]]
    assert sum(errors) / len(errors) == pytest.approx(last["mean"])
    assert (report["steps"], memory["trial"]) == (2, {"episodes": 3, "trials": 2})


@pytest.mark.parametrize("split", ["test", "train"])
def test_the_figure_has_every_mean_and_nothing_is_cut_off(settings: Experiment, split: str) -> None:
    benchmark = Navigation2D(horizon=HORIZON, evaluation_tasks=6)
    explained = explain_memory(adaptation(benchmark, split=split), settings)
    [(name, figure)] = figures(explained)
    assert name == "memory"
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    used, (width, height) = figure.get_tightbbox(canvas.get_renderer()), figure.get_size_inches()
    assert min(used.x0, used.y0) > -0.01
    assert used.x1 < width + 0.01
    assert used.y1 < height + 0.01
    lines = draw_memory(explained).axes[0].lines
    ends = [float(x[0]) for line in lines if np.ptp(x := np.asarray(line.get_xdata())) == 0]
    assert ends == [HORIZON, 2 * HORIZON]
    drawn = [line.get_ydata() for line in lines if line.get_marker() != "None"]
    for shown, errors in zip(drawn, explained.errors.values(), strict=True):
        np.testing.assert_allclose(np.asarray(shown), errors.mean(1).numpy())
