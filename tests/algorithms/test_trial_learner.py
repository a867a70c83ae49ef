"""What learners with a memory share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from mlrun.algorithms.rl2 import RL2
from mlrun.algorithms.trial_learner import TrialLearner
from mlrun.algorithms.varibad import VariBAD
from mlrun.learner import expand_to_tasks
from mlrun.randomness import RandomKey
from tests.algorithms import test_rl2, test_varibad
from tests.point_benchmark import PointBenchmark

LEARNERS = [(test_rl2, RL2), (test_varibad, VariBAD)]


def make(module: Any, learner: type[TrialLearner], case: Any, key: RandomKey, begins: int | None) -> Any:
    section = module.config().model_dump()
    section["outer"] |= {"varied_noise_from": begins}
    algorithm: Any = learner(type(module.config()).model_validate(section))
    algorithm.initialise(case, key)
    return algorithm


@pytest.mark.parametrize(("module", "learner"), LEARNERS)
def test_varied_noise_is_scaled_by_another_number_in_each_task(
    module: Any, learner: Any, benchmark: PointBenchmark, key: RandomKey
) -> None:
    """In all episodes and trials of the task, from a meta-iteration on. Before that, the noise is what it was."""
    case, tasks = module.problem(benchmark), benchmark.train_tasks[:3]
    noises = []
    for begins in (4, 5, None):
        algorithm = make(module, learner, case, key, begins)
        trial, _ = algorithm.play(case, tasks, replace(key, iteration=4))
        parameters = expand_to_tasks(algorithm.parameters, len(tasks))
        distribution = case.policy.sequence(parameters, trial.inputs, trial.episodes[0].first_memory)
        noises.append((trial.actions - distribution.mean) / distribution.std)
        torch.testing.assert_close(trial.log_probs, distribution.log_prob(trial.actions))
    factors = noises[0] / noises[1]
    torch.testing.assert_close(noises[1], noises[2])
    expected = (
        replace(key, iteration=4).child("noise").uniform(len(tasks), (1,)).view(-1, 1, 1, 1).expand(factors.shape)
    )
    torch.testing.assert_close(factors, expected, rtol=1e-3, atol=1e-3)
    assert len(expected.unique()) == len(tasks)
