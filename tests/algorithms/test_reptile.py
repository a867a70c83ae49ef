from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from tests.algorithms.cases import Case, adapted, build, leaves, rates_of, same

STEPS = 3
SCHEDULE = {"step_size": 0.8, "decay_iterations": 4}


def interpolated(case: Case, theta: Parameters, support: Sequence[Any], step_size: float) -> Parameters:
    """Minimise each task's loss by itself, and interpolate between θ and the mean of the results."""
    rates = rates_of(case, "reptile", theta)
    ends = [adapted(case, leaves(theta), rates, support, task)[-1] for task in range(len(case.tasks))]
    return {
        name: (1 - step_size) * tensor + step_size * sum(end[name].detach() for end in ends) / len(ends)
        for name, tensor in theta.items()
    }


def test_updates_equal_their_definition_and_the_step_sizes_their_schedule(case: Case, key: RandomKey) -> None:
    learner = build(case, "reptile", key, steps=STEPS, outer=SCHEDULE)
    expected = case.theta
    for step_size in (0.8, 0.6, 0.4, 0.2, 0.0, 0.0):
        case.collected.clear()
        metrics = learner.update(case.problem, case.tasks, key)
        assert metrics["step_size"] == pytest.approx(step_size, abs=1e-12)
        assert len(case.collected) == STEPS  # even if evaluations use the same data for all steps
        expected = interpolated(case, expected, case.collected, step_size)
        for name, tensor in expected.items():
            torch.testing.assert_close(learner.parameters[name], tensor, rtol=1e-10, atol=1e-12)


def test_without_a_schedule_the_step_size_stays(case: Case, key: RandomKey) -> None:
    learner = build(case, "reptile", key, outer={"step_size": 0.5})
    assert [learner.update(case.problem, case.tasks, key)["step_size"] for _ in range(3)] == [0.5, 0.5, 0.5]


def test_a_loaded_state_continues_the_schedule(case: Case, key: RandomKey) -> None:
    one, other = (build(case, "reptile", key, outer=SCHEDULE) for _ in range(2))
    one.update(case.problem, case.tasks, key)
    other.load_state_dict(one.state_dict())
    assert other.update(case.problem, case.tasks, key)["step_size"] == pytest.approx(0.6)
    one.update(case.problem, case.tasks, key)
    assert same(one.parameters, other.parameters)
