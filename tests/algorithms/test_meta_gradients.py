from __future__ import annotations

import pytest
import torch

from mlrun.problems.supervised_learning import Examples
from mlrun.randomness import RandomKey
from tests.algorithms.cases import (
    Case,
    build,
    flat,
    gradients,
    leaves,
    meta_loss,
    objective_of,
    shifted,
)

ADAM = {"name": "adam"}

both_numbers_of_steps = pytest.mark.parametrize("steps", [1, 2])
adapting = pytest.mark.parametrize("name", ["maml", "fomaml", "anil", "meta-sgd"])
exact = pytest.mark.parametrize("name", ["maml", "anil", "meta-sgd"])


@both_numbers_of_steps
@adapting
@pytest.mark.parametrize("distance", [0.0, 0.03])
def test_the_meta_gradient_equals_a_reference_that_goes_task_by_task(
    name: str, steps: int, distance: float, case: Case, key: RandomKey
) -> None:
    """At the parameters that collected the data, and near them, where likelihood ratios are not 1."""
    learner = build(case, name, key, steps=steps, outer=ADAM)
    objective = objective_of(learner, case, key)
    assert len(objective.support) == steps
    meta = shifted(learner.parameters, distance, key)
    ours, theirs = leaves(meta), leaves(meta)
    loss, expected = objective.loss(ours), meta_loss(case, name, theirs, objective)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(gradients(loss, ours), gradients(expected, theirs), rtol=1e-8, atol=1e-12)


@adapting
def test_the_loss_is_measured_on_fresh_data_of_the_adapted_parameters(name: str, case: Case, key: RandomKey) -> None:
    objective = objective_of(build(case, name, key, steps=2, outer=ADAM), case, key)
    assert objective.query is case.collected[-1]
    assert all(data is not objective.query for data in objective.support)
    if isinstance(objective.query, Examples):
        assert not torch.isin(objective.query.inputs, objective.support[0].inputs).any()
    else:
        log_probs = case.problem.policy(objective.reference[-1], objective.query.observations).log_prob(
            objective.query.actions
        )
        torch.testing.assert_close(log_probs, objective.query.log_probs, rtol=1e-10, atol=1e-10)


def assert_finite_differences_agree(name: str, steps: int, case: Case, key: RandomKey) -> None:
    learner = build(case, name, key, steps=steps, outer=None if name == "promp" else ADAM)
    objective = objective_of(learner, case, key)
    here, along = shifted(learner.parameters, 0.01, key), key.child("along")
    meta = leaves(here)
    analytic = flat(gradients(objective.loss(meta), meta))
    direction = flat(shifted(here, 1.0, along)) - flat(here)
    ahead, behind = (float(objective.loss(shifted(here, step, along)).detach()) for step in (1e-6, -1e-6))
    assert float(analytic @ direction) == pytest.approx((ahead - behind) / 2e-6, rel=1e-6)


@both_numbers_of_steps
@exact
def test_the_exact_meta_gradients_equal_finite_differences(name: str, steps: int, case: Case, key: RandomKey) -> None:
    assert_finite_differences_agree(name, steps, case, key)


@both_numbers_of_steps
def test_the_proximal_meta_gradient_equals_finite_differences(steps: int, episodic: Case, key: RandomKey) -> None:
    assert_finite_differences_agree("promp", steps, episodic, key)


def test_first_order_is_a_different_gradient_of_the_same_loss(case: Case, key: RandomKey) -> None:
    maml, fomaml = (objective_of(build(case, name, key, outer=ADAM), case, key) for name in ("maml", "fomaml"))
    ours, theirs = leaves(case.theta), leaves(case.theta)
    exact_loss, first_order_loss = maml.loss(ours), fomaml.loss(theirs)
    torch.testing.assert_close(exact_loss, first_order_loss, rtol=1e-12, atol=1e-12)
    whole, part = flat(gradients(exact_loss, ours)), flat(gradients(first_order_loss, theirs))
    assert (whole - part).norm() > 0.01 * part.norm()


def test_anil_adapts_the_head_and_learns_all(case: Case, key: RandomKey) -> None:
    learner = build(case, "anil", key, steps=2, outer=ADAM)
    after = learner.adapt(case.problem, case.tasks, key, steps=2)[-1].parameters
    for name, tensor in case.theta.items():
        assert all(torch.equal(slot, tensor) for slot in after[name]) == (name not in case.head)
    meta = leaves(learner.parameters)
    found = gradients(objective_of(learner, case, key).loss(meta), meta)
    assert all(gradient.abs().max() > 1e-4 for gradient in found.values())


def test_meta_sgd_learns_the_rates_with_the_weights(case: Case, key: RandomKey) -> None:
    learner = build(case, "meta-sgd", key, outer=ADAM)
    assert learner.parameters.keys() == {*case.theta, *(f"rate/{name}" for name in case.theta)}
    rates = {name: learner.parameters[f"rate/{name}"] for name in case.theta}
    assert all(rates[name].shape == tensor.shape for name, tensor in case.theta.items())
    values = flat(rates)
    assert 0.5 * case.rate <= values.min() < 0.7 * case.rate
    assert 1.3 * case.rate < values.max() <= 1.5 * case.rate
    learner.update(case.problem, case.tasks, key)
    assert all(not torch.equal(learner.parameters[f"rate/{name}"], rate) for name, rate in rates.items())
