import json

import pytest
import torch

from mlrun.bench import environment_throughput, meta_iteration_cost
from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.benchmarks.ml1.environment import hand_targets
from mlrun.config.schema import Experiment, MAMLConfig, ML1Config, PolicyConfig, RolloutsConfig, TrainingConfig


def test_throughput_is_reported_as_plain_numbers() -> None:
    result = json.loads(json.dumps(environment_throughput(num_worlds=2, seconds=1e-3)))
    assert result["worlds"] == 2
    assert result["environment steps/s"] > 0
    share = result["environment steps/s"] / result["physics alone steps/s"]
    assert result["environment's share of the physics' speed"] == pytest.approx(share)


def test_a_meta_iteration_is_compared_with_as_many_worlds() -> None:
    experiment = Experiment(
        benchmark=ML1Config(horizon=3),
        algorithm=MAMLConfig(),
        policy=PolicyConfig(hidden_sizes=(4,)),
        rollouts=RolloutsConfig(episodes_per_task=2),
        training=TrainingConfig(iterations=1, tasks_per_batch=3),
    )
    result = json.loads(json.dumps(meta_iteration_cost(experiment, iterations=1)))
    assert result["worlds in a meta-iteration"] == 6
    assert result["meta-iteration's time over its physics'"] > 1


def test_the_targets_are_those_that_the_environment_moves_through() -> None:
    environment = ML1(ML1Config()).make_environment(2)
    environment.reset(torch.tensor([[0.0, 0.6, 0.02, 0.0, 0.8, 0.2]]).double().repeat(2, 1))
    actions = 3 * torch.randn(60, 2, 4, generator=torch.Generator().manual_seed(0))
    actions[:, 1, 2] = -2.0  # into the lower bound
    for action, target in zip(actions, hand_targets(actions), strict=True):
        environment.step(action)
        assert torch.equal(environment.physics.hand_target, target)
