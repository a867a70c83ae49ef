from __future__ import annotations

from typing import Any

import pytest
import torch

from mlrun.algorithms.meta_objective import MetaObjective
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from tests.algorithms.cases import (
    Case,
    adapted,
    build,
    flat,
    gradients,
    leaves,
    objective_of,
    policy,
    rates_of,
    ratios,
    shifted,
)

CLIP = 0.1
KL_COEFFICIENT = 0.7
STEPS = 2
OUTER = {"clip_range": CLIP, "kl_coefficient": KL_COEFFICIENT}


def task_loss(case: Case, start: Parameters, meta: Parameters, objective: MetaObjective, task: int) -> torch.Tensor:
    """PPO's clipped surrogate after adaptation, and the mean of KL(old || new) over the policies before each step."""
    rates = rates_of(case, "promp", meta)
    old = adapted(case, leaves(start), rates, objective.support, task)
    new = adapted(case, meta, rates, objective.support, task)
    ratio, advantages = ratios(new[-1], objective.query, task), objective.query.advantages[task]
    gains = torch.minimum(ratio * advantages, ratio.clip(1 - CLIP, 1 + CLIP) * advantages)
    kls = []
    for step, data in enumerate(objective.support):
        old_policy, new_policy = policy(old[step], data, task), policy(new[step], data, task)
        kls.append(torch.distributions.kl_divergence(old_policy, new_policy).sum(-1).mean())
    return -gains.mean() + KL_COEFFICIENT * sum(kls) / len(kls)


def distance_moved(learner: Any, case: Case) -> float:
    return float((flat(learner.parameters) - flat(case.theta)).norm())


@pytest.mark.parametrize("distance", [0.0, 0.1])
def test_the_loss_and_its_gradient_equal_the_definition(distance: float, episodic: Case, key: RandomKey) -> None:
    objective = objective_of(build(episodic, "promp", key, steps=STEPS, outer=OUTER), episodic, key)
    meta = shifted(episodic.theta, distance, key)
    ours, theirs = leaves(meta), leaves(meta)
    tasks = range(len(episodic.tasks))
    expected = torch.stack([task_loss(episodic, episodic.theta, theirs, objective, task) for task in tasks]).mean()
    loss = objective.loss(ours)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(gradients(loss, ours), gradients(expected, theirs), rtol=1e-8, atol=1e-12)


def test_at_the_sampling_parameters_the_gradient_is_that_of_maml(episodic: Case, key: RandomKey) -> None:
    ours, theirs = leaves(episodic.theta), leaves(episodic.theta)
    promp = objective_of(build(episodic, "promp", key, steps=STEPS, outer=OUTER), episodic, key)
    maml = objective_of(build(episodic, "maml", key, steps=STEPS), episodic, key)
    of_promp, of_maml = gradients(promp.loss(ours), ours), gradients(maml.loss(theirs), theirs)
    torch.testing.assert_close(of_promp, of_maml, rtol=1e-9, atol=1e-12)


def test_clipping_changes_the_loss_only_if_ratios_leave_the_range(episodic: Case, key: RandomKey) -> None:
    def losses(distance: float) -> list[float]:
        meta = shifted(episodic.theta, distance, key)
        outers = ({"clip_range": clip, "kl_coefficient": 0.0} for clip in (CLIP, 1e6))
        learners = (build(episodic, "promp", key, outer=outer) for outer in outers)
        return [float(objective_of(learner, episodic, key).loss(meta).detach()) for learner in learners]

    clipped, free = losses(distance=1e-4)
    assert clipped == pytest.approx(free, abs=1e-12)
    clipped, free = losses(distance=0.1)
    assert clipped > free + 1e-3


def test_epochs_repeat_the_step_on_the_same_episodes(episodic: Case, key: RandomKey) -> None:
    one, five = (build(episodic, "promp", key, outer={"epochs": epochs}) for epochs in (1, 5))
    maml = build(episodic, "maml", key, outer={"name": "adam"})
    for learner in (one, five, maml):
        episodic.collected.clear()
        learner.update(episodic.problem, episodic.tasks, key)
        assert len(episodic.collected) == 2
    torch.testing.assert_close(one.parameters, maml.parameters, rtol=1e-6, atol=1e-9)
    assert distance_moved(five, episodic) > 2 * distance_moved(one, episodic)
    assert (flat(five.parameters) - flat(maml.parameters)).norm() > distance_moved(maml, episodic)


def test_it_reports_the_kl_of_the_adapted_policies(episodic: Case, key: RandomKey) -> None:
    near, far = (
        build(episodic, "promp", key, outer={"learning_rate": rate}).update(episodic.problem, episodic.tasks, key)
        for rate in (1e-4, 1e-2)
    )
    assert 0 < near["kl"] < far["kl"]
    assert far["loss_after"] < far["loss_before"]


def test_the_penalty_keeps_the_policies_that_sample_near(episodic: Case, key: RandomKey) -> None:
    outers = ({"kl_coefficient": coefficient, "epochs": 10, "learning_rate": 0.01} for coefficient in (0.0, 100.0))
    free, kept = (build(episodic, "promp", key, outer=outer) for outer in outers)
    kls = []
    for learner in (free, kept):
        learner.update(episodic.problem, episodic.tasks, key)
        data = episodic.collected[0]
        new, old = (policy(parameters, data, 0) for parameters in (learner.parameters, episodic.theta))
        kls.append(float(torch.distributions.kl_divergence(old, new).sum(-1).mean()))
    assert kls[1] < 0.5 * kls[0]
