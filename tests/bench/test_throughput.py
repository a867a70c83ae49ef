import json

import pytest
import torch

from mlrun.bench.physics_alone import PhysicsAlone, commands, random_actions, task_parameters
from mlrun.bench.throughput import sweep
from mlrun.benchmarks.metaworld.ml1 import ML1


def test_every_combination_is_measured():
    rows = json.loads(json.dumps(sweep(ML1("reach-v3"), worlds=[1, 2], threads=[1], seconds=1e-3)))
    assert [(row["threads"], row["worlds"]) for row in rows] == [(1, 1), (1, 2)]
    for row in rows:
        assert row["share_of_physics"] == pytest.approx(row["steps_per_second"] / row["physics_steps_per_second"])


def test_the_physics_alone_moves_as_the_environment_does():
    benchmark = ML1("push-v3")
    parameters = task_parameters(benchmark.test_tasks, 3)
    environment, alone = benchmark.make_worlds(3), PhysicsAlone(benchmark.family, 3)
    environment.reset(parameters)
    alone.reset(parameters)
    puck = torch.from_numpy(alone.batch.joint("puck").qpos)
    actions = 3 * random_actions(60, 3)
    actions[:, 1, 2] = -2.0  # into the lower bound
    for action, (target, gripper) in zip(actions, commands(alone.family, actions), strict=True):
        environment.step(action)
        assert alone.step(target, gripper) > 0
        assert torch.equal(environment.physics.hand_target, torch.from_numpy(target))
    environment.physics.forward()
    assert torch.equal(environment.physics.poses.body("puck"), puck[:, :3])


def test_worlds_get_tasks_in_turn():
    tasks = ML1("reach-v3").train_tasks[:2]
    assert task_parameters(tasks, 3).tolist() == [list(tasks[index].parameters) for index in (0, 1, 0)]
