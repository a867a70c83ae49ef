from __future__ import annotations

import torch

from mlrun.randomness import RandomKey
from tests.algorithms.cases import Case, adapted, build, gradients, leaves, objective_of, rates_of, same

ADAM = {"name": "adam"}


def test_pretraining_descends_the_loss_of_the_unadapted_parameters(case: Case, key: RandomKey) -> None:
    learner = build(case, "pretrain", key, steps=2, outer=ADAM)
    objective = objective_of(learner, case, key)
    assert len(case.collected) == 1
    ours, theirs = leaves(case.theta), leaves(case.theta)
    expected = sum(case.loss(theirs, case.collected[0], task) for task in range(len(case.tasks))) / len(case.tasks)
    assert isinstance(expected, torch.Tensor)
    loss = objective.loss(ours)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(gradients(loss, ours), gradients(expected, theirs), rtol=1e-8, atol=1e-12)


def test_pretraining_is_evaluated_after_as_many_steps_as_its_config_says(case: Case, key: RandomKey) -> None:
    learner = build(case, "pretrain", key, steps=2, outer=ADAM)
    learner.update(case.problem, case.tasks, key)
    assert learner.adaptation_steps == 2
    before, _, after = (each.parameters for each in learner.adapt(case.problem, case.tasks, key, steps=2))
    assert all(not torch.equal(before[name], after[name]) for name in case.theta)


def test_scratch_learns_nothing_and_adapts_at_its_rate(case: Case, key: RandomKey) -> None:
    learner = build(case, "scratch", key, steps=2)
    learner.update(case.problem, case.tasks, key)
    assert same(learner.parameters, case.theta)
    support = case.collected[:-1] if case.problem.fresh_data_each_step else case.collected[:1] * 2
    after = learner.adapt(case.problem, case.tasks, key, steps=2)[-1].parameters
    expected = adapted(case, leaves(case.theta), rates_of(case, "scratch", case.theta), support, task=1)[-1]
    for name, tensor in expected.items():
        torch.testing.assert_close(after[name][1], tensor.detach(), rtol=1e-9, atol=1e-12)
