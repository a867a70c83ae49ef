from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mlrun.algorithms import trust_region
from mlrun.algorithms.inner_loop import gradient_step
from mlrun.algorithms.outer_rules import Adam
from mlrun.config.algorithms import TrustRegionConfig
from mlrun.learner import expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.parameters import gradients as gradients_of_loss
from mlrun.randomness import RandomKey
from mlrun.rl.baseline import LinearFeatureBaseline
from tests.algorithms.cases import Case, build, flat, gradients, leaves, objective_of, same

START = {"a": torch.tensor([1.0, -2.0], dtype=torch.float64), "b": torch.tensor([[0.5]], dtype=torch.float64)}


def bowl(center: float) -> Any:
    """An objective that is not quadratic, so that every gradient differs."""
    return SimpleNamespace(
        loss=lambda meta: ((flat(meta) - center) ** 4 + flat(meta).sin()).sum(), gradients=gradients_of_loss
    )


@pytest.mark.parametrize("epochs", [1, 3])
def test_adam_is_torchs_over_several_updates(epochs: int) -> None:
    rule, parameters = Adam(0.1, epochs), START
    theirs = leaves(START)
    optimiser = torch.optim.Adam(theirs.values(), lr=0.1)
    for center in (0.0, 3.0, -1.0, 0.5):
        before = float(bowl(center).loss(parameters))
        parameters, metrics = rule.step(parameters, bowl(center))
        assert metrics["loss_before"] == before
        for _ in range(epochs):
            optimiser.zero_grad()
            bowl(center).loss(theirs).backward()
            optimiser.step()
        assert same(parameters, {name: tensor.detach() for name, tensor in theirs.items()})


def test_later_steps_of_adam_leave_its_earlier_state_and_parameters_alone() -> None:
    rule = Adam(0.1)
    parameters, _ = rule.step(START, bowl(0.0))
    state, state_then, parameters_then = rule.state_dict(), *copy.deepcopy((rule.state_dict(), parameters))
    rule.step(parameters, bowl(1.0))
    assert same(state, state_then)
    assert same(parameters, parameters_then)


def test_adam_continues_from_its_state_bit_for_bit() -> None:
    rule, other = Adam(0.1), Adam(0.1)
    parameters, _ = rule.step(START, bowl(0.0))
    other.load_state_dict(rule.state_dict(), parameters)
    assert same(other.step(parameters, bowl(1.0)), rule.step(parameters, bowl(1.0)))


@pytest.mark.parametrize("outer", [{"name": "adam"}, {"name": "trpo"}], ids=lambda outer: outer["name"])
def test_a_parameter_that_neither_adapts_nor_matters_is_named(
    outer: dict[str, str], episodic: Case, key: RandomKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    theta = {**episodic.theta, "spare": torch.zeros(2, dtype=torch.float64)}
    monkeypatch.setattr(episodic.problem, "initial_parameters", lambda key: theta)
    learner = build(episodic, "anil", key, outer=outer)
    with pytest.raises(ValueError, match="does not depend on spare"):
        learner.update(episodic.problem, episodic.tasks, key)


def test_the_region_is_measured_after_adaptation_and_is_zero_at_theta(episodic: Case, key: RandomKey) -> None:
    objective = objective_of(build(episodic, "maml", key), episodic, key)
    assert objective.measure(episodic.theta)[1] == pytest.approx(0, abs=1e-14)
    moved = {**episodic.theta, "log_std": episodic.theta["log_std"] + 0.05}
    support, query = episodic.collected

    def adapted(parameters: Parameters) -> Parameters:
        start = expand_to_tasks(parameters, len(episodic.tasks))
        return gradient_step(episodic.problem, start, support, dict.fromkeys(parameters, episodic.rate))

    expected = episodic.problem.kl(adapted(episodic.theta), adapted(moved), query).mean()
    assert objective.measure(moved)[1] == pytest.approx(float(expected), rel=1e-9)


def test_the_loss_that_is_measured_is_the_one_that_is_differentiated(episodic: Case, key: RandomKey) -> None:
    objective = objective_of(build(episodic, "maml", key, steps=2), episodic, key)
    moved = {**episodic.theta, "log_std": episodic.theta["log_std"] + 0.05}
    assert objective.measure(moved)[0] == pytest.approx(float(objective.loss(moved).detach()), rel=1e-12)


def test_the_metric_is_the_hessian_of_the_kl(episodic: Case, key: RandomKey) -> None:
    """The KL of a small step is half the curvature along it, up to third order."""
    objective = objective_of(build(episodic, "maml", key), episodic, key)
    ours = leaves(episodic.theta)
    product = trust_region._hessian_product(objective.curvature(1)(ours), ours, damping=0.0, total=lambda share: share)
    direction = torch.ones_like(flat(episodic.theta))
    curvature = float(direction @ product(direction))
    scale = 1e-4
    moved = {name: tensor + scale for name, tensor in episodic.theta.items()}
    assert objective.measure(moved)[1] == pytest.approx(0.5 * scale**2 * curvature, rel=1e-2)


def test_subsampled_curvature_still_vanishes_at_theta(episodic: Case, key: RandomKey) -> None:
    objective = objective_of(build(episodic, "maml", key), episodic, key)
    whole, part = objective.curvature(1), objective.curvature(2)
    ours = leaves(episodic.theta)
    value = part(ours)
    assert float(value.detach()) == pytest.approx(0, abs=1e-14)
    assert flat(gradients(value, ours)).norm() < 1e-12
    moved = {**episodic.theta, "log_std": episodic.theta["log_std"] + 0.05}
    assert float(part(moved).detach()) != pytest.approx(float(whole(moved).detach()), rel=1e-3)


def test_an_update_improves_the_surrogate_within_the_region_that_its_config_names(
    episodic: Case, key: RandomKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    strides, subsample = [], episodic.problem.subsample
    monkeypatch.setattr(
        episodic.problem, "subsample", lambda data, stride: strides.append(stride) or subsample(data, stride)
    )
    outer = TrustRegionConfig(max_kl=0.003, curvature_stride=2)
    learner, other = (build(episodic, "maml", key, outer=outer.model_dump()) for _ in range(2))
    metrics = learner.update(episodic.problem, episodic.tasks, key)
    assert strides == [2, 2]
    assert metrics["accepted"]
    assert metrics["loss_after"] < metrics["loss_before"]
    assert 0.001 < metrics["kl"] <= outer.max_kl
    measured = objective_of(other, episodic, key).measure(learner.parameters)
    assert measured == pytest.approx((metrics["loss_after"], metrics["kl"]), rel=1e-12)


def test_the_line_search_refits_no_baseline_and_collects_nothing(
    episodic: Case, key: RandomKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = []
    fit = LinearFeatureBaseline.fit
    monkeypatch.setattr(LinearFeatureBaseline, "fit", lambda *given: fits.append(1) or fit(*given))
    metrics = build(episodic, "maml", key).update(episodic.problem, episodic.tasks, key)
    assert metrics["accepted"]
    assert len(fits) == len(episodic.collected) == 2


def test_the_line_search_builds_no_second_order_graph(
    episodic: Case, key: RandomKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    objective = objective_of(build(episodic, "maml", key), episodic, key)
    calls = []

    def spy(*given: Any, second_order: bool = False) -> Parameters:
        calls.append((second_order, torch.is_grad_enabled()))
        return gradient_step(*given, second_order=second_order)

    monkeypatch.setattr("mlrun.algorithms.gradient_based.gradient_step", spy)
    objective.measure(episodic.theta)
    assert calls == [(False, False)]


def test_a_trust_region_step_remembers_nothing(episodic: Case, key: RandomKey) -> None:
    learner = build(episodic, "maml", key)
    learner.update(episodic.problem, episodic.tasks, key)
    assert learner.state_dict()["outer"] == {}
