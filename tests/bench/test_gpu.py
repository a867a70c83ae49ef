"""Measurements on a GPU. Without a GPU, MuJoCo Warp runs on the CPU."""

import json

import pytest
import torch

from mlrun.bench import gpu
from mlrun.bench.gpu import gpu_meta_iteration, gpu_sweep
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.cli.bench import gpu_tables
from mlrun.config.algorithms import MAMLConfig
from mlrun.config.benchmarks import ML1Config
from mlrun.config.schema import EpisodicExperiment, PolicyConfig, RolloutsConfig, TrainingConfig
from mlrun.training.device import Placement

pytestmark = pytest.mark.slow


def test_worlds_on_a_gpu_are_compared_with_worlds_on_the_cpu():
    figures = json.loads(json.dumps(gpu_sweep(ML1(), [2, 4], seconds=0.05)))
    assert [row["worlds"] for row in figures["gpu"]] == [2, 4]
    for row in figures["gpu"]:
        assert 0 < row["over_cpu"] < 1e3
        assert 0 < row["share_of_physics"] < 1.5
        assert (row["memory_bytes"] is not None) == torch.cuda.is_available()
    [(_, table)] = gpu_tables({"environment": "ml1/reach-v3", **figures})
    assert table.row_count == 2


def test_a_meta_iteration_is_divided_into_parts(monkeypatch):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    monkeypatch.setattr(gpu, "place", lambda experiment: Placement(device, "warp"))
    experiment = EpisodicExperiment(
        benchmark=ML1Config(horizon=5),
        algorithm=MAMLConfig(),
        policy=PolicyConfig(hidden_sizes=(8,)),
        rollouts=RolloutsConfig(episodes_per_task=2),
        training=TrainingConfig(iterations=1, tasks_per_batch=2),
    )
    cost = json.loads(json.dumps(gpu_meta_iteration(experiment, iterations=1)))
    assert cost["worlds"] == 4
    assert cost["shares"].keys() == {"physics", "collection beyond physics", "adaptation", "outer update"}
    assert min(cost["shares"].values()) > 0
