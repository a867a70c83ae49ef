from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest
import torch

from mlrun.config.algorithms import MAMLConfig, ReptileConfig
from mlrun.config.benchmarks import BenchmarkConfig, ML1Config, Navigation2DConfig, SinusoidConfig
from mlrun.config.schema import EpisodicExperiment, SupervisedExperiment, TrainingConfig
from mlrun.errors import MlrunError
from mlrun.extras import install_command
from mlrun.training.device import arithmetic, place

Machine = Callable[..., None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Makes this machine look like another."""

    def make(*, gpu: bool, packages: bool) -> None:
        found = importlib.util.find_spec
        names = ("mujoco_warp", "warp")
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: (packages or None) if name in names else found(name)
        )

    return make


def experiment(benchmark: BenchmarkConfig | None = None, **keys: Any) -> EpisodicExperiment:
    training = TrainingConfig(iterations=1)
    return EpisodicExperiment(benchmark=benchmark or ML1Config(), algorithm=MAMLConfig(), training=training, **keys)


@pytest.mark.parametrize(
    ("gpu", "packages", "keys", "placed"),
    [
        (False, False, {}, ("cpu", "cpu")),
        (False, True, {}, ("cpu", "cpu")),
        (True, False, {}, ("cpu", "cpu")),
        (True, True, {}, ("cuda", "warp")),
        (True, True, {"device": "cpu"}, ("cpu", "cpu")),
        (True, True, {"physics": "cpu"}, ("cpu", "cpu")),
        (True, True, {"physics": "warp"}, ("cuda", "warp")),
        (True, True, {"device": "cuda", "physics": "cpu"}, ("cuda", "cpu")),
        (True, False, {"device": "cuda"}, ("cuda", "cpu")),
    ],
)
def test_networks_follow_the_physics_unless_a_device_is_named(
    machine: Machine, gpu: bool, packages: bool, keys: dict[str, Any], placed: tuple[str, str]
) -> None:
    machine(gpu=gpu, packages=packages)
    assert place(experiment(**keys))[:2] == placed


@pytest.mark.parametrize(
    ("gpu", "packages", "keys", "said"),
    [
        (False, True, {"device": "cuda"}, "device 'cuda': there is no GPU"),
        (False, True, {"physics": "warp"}, "physics 'warp': there is no GPU"),
        (False, False, {"physics": "warp"}, "physics 'warp': there is no GPU"),
        (True, False, {"physics": "warp"}, r" pip install .*\[gpu\]'"),
        (True, True, {"device": "cpu", "physics": "warp"}, "device must be 'cuda' or 'auto'"),
    ],
)
def test_a_device_that_is_missing_is_refused(
    machine: Machine, gpu: bool, packages: bool, keys: dict[str, Any], said: str
) -> None:
    machine(gpu=gpu, packages=packages)
    with pytest.raises(MlrunError, match=said):
        place(experiment(**keys))


def test_what_auto_chooses_is_noted(machine: Machine) -> None:
    machine(gpu=False, packages=True)
    assert place(experiment()).note == "no GPU here: networks and physics are on the CPU"
    assert place(experiment(device="cpu")).note is None
    machine(gpu=True, packages=False)
    assert install_command("gpu") in (place(experiment()).note or "")
    machine(gpu=True, packages=True)
    assert place(experiment()).note == "networks and physics are on the GPU"
    assert place(experiment(device="cuda", physics="warp")).note is None


@pytest.mark.parametrize("benchmark", [Navigation2DConfig(), SinusoidConfig()])
def test_without_physics_a_gpu_must_be_asked_for(machine: Machine, benchmark: BenchmarkConfig) -> None:
    def asked(device: str) -> EpisodicExperiment | SupervisedExperiment:
        if benchmark.learning == "episodic":
            return experiment(benchmark, device=device)
        training = TrainingConfig(iterations=1)
        return SupervisedExperiment.model_validate(
            {"benchmark": benchmark, "algorithm": ReptileConfig(), "training": training, "device": device}
        )

    machine(gpu=True, packages=True)
    assert place(asked("auto")) == ("cpu", "cpu", None)
    assert place(asked("cuda")) == ("cuda", "cpu", None)


def test_tf32_is_as_the_experiment_says_and_is_put_back() -> None:
    before = torch.backends.cuda.matmul.allow_tf32
    with arithmetic(experiment(tf32=True)):
        assert torch.backends.cuda.matmul.allow_tf32
    assert torch.backends.cuda.matmul.allow_tf32 == before
