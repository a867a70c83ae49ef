"""What must hold for every algorithm that adapts by gradient steps, on every problem that it can learn."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch

from mlrun.algorithms import algorithms
from mlrun.config.algorithms import AdamConfig, TrustRegionConfig
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from tests.algorithms.cases import Case, adapted, build, leaves, rates_of, same, weights_of

STEPS = 2


def combinations() -> list[Any]:
    """Algorithm, problem and outer rule. An algorithm without a choice of outer rules keeps its own."""
    found = []
    for name in algorithms.names():
        config = algorithms.entry(name).config
        if "inner" not in config.model_fields:
            continue  # it adapts by its memory
        chooses = isinstance(getattr(config(name=name), "outer", None), TrustRegionConfig)
        rules = {"trpo": TrustRegionConfig, "adam": AdamConfig} if chooses else {"own": config}
        for rule, model in rules.items():
            outer = {"name": rule} if chooses else None
            found.append(pytest.param(("episodic", name, outer), id=f"{name}-{rule}-episodic"))
            if not (config.needs_policy or model.needs_policy):
                found.append(pytest.param(("supervised", name, outer), id=f"{name}-{rule}-supervised"))
    return found


class Learner:
    """An algorithm and the problem that it is tested on.

    Attributes:
        case: the problem.
        key: for all randomness.
        name: the name of the algorithm.
        algorithm: initialised.
    """

    def __init__(self, case: Case, name: str, outer: dict[str, Any] | None, key: RandomKey) -> None:
        self.case, self.name, self.key = case, name, key
        self._outer = outer
        self.algorithm = self.new()

    def new(self) -> Any:
        return build(self.case, self.name, self.key, steps=STEPS, outer=self._outer)

    def update(self, algorithm: Any, purpose: str = "update") -> dict[str, float]:
        return algorithm.update(self.case.problem, self.case.tasks, self.key.child(purpose))

    def adapt(self, steps: int = STEPS, num_tasks: int | None = None) -> list[Parameters]:
        adapted = self.algorithm.adapt(self.case.problem, self.case.tasks[:num_tasks], self.key, steps)
        return [learner.parameters for learner in adapted]


@pytest.fixture(params=combinations())
def learner(request: pytest.FixtureRequest, key: RandomKey) -> Learner:
    case, name, outer = request.param
    return Learner(request.getfixturevalue(case), name, outer, key)


def saved_and_loaded(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def test_an_update_is_repeatable_and_needs_no_global_seed(learner: Learner) -> None:
    other = learner.new()
    metrics = learner.update(learner.algorithm)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    assert learner.update(other) == metrics
    assert torch.equal(torch.get_rng_state(), before)
    assert same(other.state_dict(), learner.algorithm.state_dict())
    learns = not same(other.parameters, learner.new().parameters)
    assert learns == (learner.name != "scratch")


def test_a_loaded_state_goes_on_bit_for_bit(learner: Learner) -> None:
    learner.update(learner.algorithm)
    other = learner.new()
    other.load_state_dict(saved_and_loaded(learner.algorithm.state_dict()))
    assert learner.update(other, "next") == learner.update(learner.algorithm, "next")
    assert same(other.state_dict(), learner.algorithm.state_dict())


def test_later_updates_leave_an_earlier_state_alone(learner: Learner) -> None:
    learner.update(learner.algorithm)
    state = learner.algorithm.state_dict()
    then = copy.deepcopy(state)
    learner.update(learner.algorithm, "next")
    assert same(state, then)
    other = learner.new()
    other.load_state_dict(state)
    learner.update(other, "next")
    assert same(state, then)


def test_adaptation_equals_gradient_descent_task_by_task(learner: Learner) -> None:
    meta, case = learner.algorithm.parameters, learner.case
    together = learner.adapt()
    assert len(together) == STEPS + 1
    support = case.collected if case.problem.fresh_data_each_step else case.collected * STEPS
    for task in range(len(case.tasks)):
        weights, rates = leaves(weights_of(meta)), rates_of(case, learner.name, meta)
        alone = adapted(case, weights, rates, support, task)
        for ours, theirs in zip(together, alone, strict=True):
            assert ours.keys() == theirs.keys()
            for name, tensor in theirs.items():
                torch.testing.assert_close(ours[name][task], tensor.detach(), rtol=1e-9, atol=1e-12)


def test_adaptation_leaves_the_meta_parameters_alone_and_tasks_apart(learner: Learner) -> None:
    state = copy.deepcopy(learner.algorithm.state_dict())
    together, alone = learner.adapt()[-1], learner.adapt(num_tasks=1)[-1]
    assert same(learner.algorithm.state_dict(), state)
    for name, tensor in together.items():
        assert len(tensor) == len(learner.case.tasks)
        assert not tensor.requires_grad
        torch.testing.assert_close(tensor[:1], alone[name], rtol=1e-9, atol=1e-12)
    moving = learner.case.head[0]
    assert not torch.equal(together[moving][0], together[moving][1])


def test_any_number_of_steps_can_be_asked_for(learner: Learner) -> None:
    assert learner.algorithm.adaptation_steps == STEPS
    assert [len(learner.adapt(steps)) for steps in (0, 1, 4)] == [1, 2, 5]


def test_adaptation_is_counted_in_what_it_costs(learner: Learner) -> None:
    problem = learner.case.problem
    adapted = learner.algorithm.adapt(problem, learner.case.tasks, learner.key, 3)
    collections = [0, 1, 2, 3] if problem.fresh_data_each_step else [0, 1, 1, 1]
    assert [each.data_used for each in adapted] == [problem.data_per_task * count for count in collections]
    assert not any(each.memory for each in adapted)


def test_every_step_has_the_data_that_its_problem_asks_for(learner: Learner) -> None:
    case = learner.case
    after = learner.adapt(steps=3)
    if not case.problem.fresh_data_each_step:
        assert len(case.collected) == 1
        return
    assert len(case.collected) == 3
    for parameters, data in zip(after, case.collected, strict=False):
        log_probs = case.problem.policy(parameters, data.observations).log_prob(data.actions)
        torch.testing.assert_close(log_probs, data.log_probs, rtol=1e-10, atol=1e-10)
    assert not torch.isclose(case.collected[0].actions, case.collected[1].actions).any()


def test_scores_before_and_after_adaptation_are_those_of_the_data(learner: Learner) -> None:
    metrics, collected = learner.update(learner.algorithm), learner.case.collected
    expected = {f"pre/{name}": score for name, score in scores(learner.case, collected[0]).items()}
    if learner.name not in ("reptile", "pretrain"):
        expected |= {f"post/{name}": score for name, score in scores(learner.case, collected[-1]).items()}
    assert {name: score for name, score in metrics.items() if "/" in name} == expected


def scores(case: Case, data: Any) -> dict[str, float]:
    return {name: float(values.mean()) for name, values in case.problem.summarise(data).items()}


def test_initialisation_is_a_function_of_its_key(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(learner.case.problem, "initial_parameters")  # the fixture had replaced it
    one, again, other = learner.new(), learner.new(), learner.new()
    other.initialise(learner.case.problem, learner.key.child("other"))
    assert same(one.parameters, again.parameters)
    assert all(tensor.dtype == torch.float32 for tensor in one.parameters.values())
    random = [name for name in one.parameters if "weight" in name]
    assert not any(torch.equal(one.parameters[name], other.parameters[name]) for name in random)


def test_a_parameter_that_the_loss_ignores_is_named(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    problem, theta = learner.case.problem, learner.case.theta
    theta = {**theta, "spare": torch.zeros(2, dtype=torch.float64)}
    monkeypatch.setattr(problem, "initial_parameters", lambda key: theta)
    head = (*problem.head, "spare")
    monkeypatch.setattr(type(problem), "head", property(lambda _: head), raising=False)
    learner.algorithm = learner.new()
    with pytest.raises(ValueError, match="does not depend on spare"):
        learner.adapt()
    with pytest.raises(ValueError, match="does not depend on spare"):
        learner.update(learner.algorithm)


def test_a_loss_that_depends_on_no_parameter_is_refused(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    for loss in ("inner_loss", "outer_loss", "clipped_loss"):
        monkeypatch.setattr(learner.case.problem, loss, lambda *_: torch.zeros(3), raising=False)
    with pytest.raises(ValueError, match=f"does not depend on .*{learner.case.head[0]}"):
        learner.adapt()
    with pytest.raises(ValueError, match=f"does not depend on .*{learner.case.head[0]}"):
        learner.update(learner.algorithm)


@pytest.mark.parametrize("rates", [{}, {"nowhere": 0.1}])
def test_rates_that_name_no_parameter_are_refused(
    rates: dict[str, float], learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner.algorithm, "rates", lambda problem, meta: rates)
    with pytest.raises(ValueError, match=r"rates must name parameters that adapt, of .*; they name no"):
        learner.adapt()
