import json
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mlrun.bench.meta_iteration import _repeat, meta_iteration_cost
from mlrun.bench.physics_alone import PhysicsAlone, task_parameters
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.config.algorithms import MAMLConfig, RL2Config, VariBADConfig
from mlrun.config.benchmarks import ML1Config
from mlrun.config.schema import EpisodicExperiment, PolicyConfig, RolloutsConfig, TrainingConfig


@pytest.mark.parametrize("algorithm", [MAMLConfig(), RL2Config(), VariBADConfig()], ids=lambda config: config.name)
def test_a_meta_iteration_is_compared_with_its_physics_and_divided_into_parts(algorithm):
    experiment = EpisodicExperiment(
        benchmark=ML1Config(horizon=3),
        algorithm=algorithm,
        policy=PolicyConfig(hidden_sizes=(4,)),
        rollouts=RolloutsConfig(episodes_per_task=2),
        training=TrainingConfig(iterations=1, tasks_per_batch=3),
    )
    cost = json.loads(json.dumps(meta_iteration_cost(experiment, iterations=1)))
    assert cost["worlds"] == 6
    assert cost["ratio_to_physics"] > 1
    assert sum(cost["shares"].values()) == pytest.approx(1)
    assert all(share > 0 for share in cost["shares"].values())


def test_the_physics_alone_gets_the_same_targets():
    benchmark = ML1("reach-v3")
    tasks = benchmark.train_tasks[:2]
    actions = torch.rand(2, 9, 3, 4, generator=torch.Generator().manual_seed(0))  # tasks, steps, episodes
    environment, alone = benchmark.make_worlds(6), PhysicsAlone(benchmark.family, 6)
    environment.reset(task_parameters(tasks, 2).repeat_interleave(3, dim=0))
    for step in range(9):
        environment.step(actions[:, step].flatten(0, 1))
    data: Any = SimpleNamespace(actions=actions)
    _repeat(alone, tasks, data)
    assert torch.equal(environment.physics.hand_target, torch.from_numpy(alone.batch.bind("mocap_pos")[:, 0]))
