from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
import torch

from mlrun.analysis.films.policies import learned
from mlrun.errors import Diverged
from mlrun.learner import AdaptedLearner
from mlrun.training.device import Placement
from mlrun.training.evaluation import Adaptation

if TYPE_CHECKING:
    from mlrun.algorithms.protocol import MetaAlgorithm


@pytest.fixture
def adaptation(benchmark, problem, theta, key):
    """To three tasks, in two steps that move every parameter by another amount for each task."""
    steps = [torch.zeros(3), torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.4, 0.5, 0.6])]
    by_step = [
        AdaptedLearner({name: torch.stack([t + s for s in shifts]) for name, t in theta.items()}) for shifts in steps
    ]
    return Adaptation(
        algorithm=cast("MetaAlgorithm", None),
        benchmark=benchmark,
        problem=problem,
        tasks=benchmark.test_tasks[:3],
        all_tasks=benchmark.test_tasks[:3],
        key=key,
        checkpoint=7,
        placement=Placement("cpu", "cpu"),
        by_step=by_step,
    )


def test_a_task_has_the_mean_action_of_its_own_parameters_at_the_step(adaptation, policy):
    observation = torch.linspace(-1, 1, policy.observation_size, dtype=torch.float64)[None]
    for step in (0, 1, -1):
        every = policy.mean(adaptation.by_step[step].parameters, observation.expand(3, 1, -1))
        for task in adaptation.tasks:
            action = learned(adaptation, task, step)(observation, 0.0)
            torch.testing.assert_close(action, every[task.index], rtol=1e-12, atol=0)


def test_a_policy_that_is_not_finite_is_refused(adaptation):
    task = adaptation.tasks[1]
    broken = {name: tensor.clone() for name, tensor in adaptation.by_step[2].parameters.items()}
    broken["log_std"][1] = torch.nan
    adaptation = replace(adaptation, by_step=[*adaptation.by_step[:2], AdaptedLearner(broken)])
    learned(adaptation, adaptation.tasks[0], 2)
    with pytest.raises(Diverged, match=f"log_std after adaptation of {task.split} task {task.index} is not finite"):
        learned(adaptation, task, 2)
