import json

import pytest

from mlrun.bench.meta_iteration import meta_iteration_cost
from mlrun.config.schema import Experiment, MAMLConfig, ML1Config, PolicyConfig, RolloutsConfig, TrainingConfig


def test_a_meta_iteration_is_compared_with_as_many_worlds_and_told_apart():
    experiment = Experiment(
        benchmark=ML1Config(horizon=3),
        algorithm=MAMLConfig(),
        policy=PolicyConfig(hidden_sizes=(4,)),
        rollouts=RolloutsConfig(episodes_per_task=2),
        training=TrainingConfig(iterations=1, tasks_per_batch=3),
    )
    cost = json.loads(json.dumps(meta_iteration_cost(experiment, iterations=1)))
    assert cost["worlds"] == 6
    assert cost["ratio_to_physics"] > 1
    assert sum(cost["shares"].values()) == pytest.approx(1)
    assert all(share > 0 for share in cost["shares"].values())
