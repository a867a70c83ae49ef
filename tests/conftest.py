# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import importlib
import signal
from collections.abc import Iterator

import pytest
import torch

from mlrun.parameters import Parameters
from mlrun.problems.reinforcement_learning import ReinforcementLearning
from mlrun.randomness import RandomKey
from mlrun.rl.policy import GaussianMLPPolicy
from tests.point_benchmark import PointBenchmark


@pytest.fixture
def benchmark() -> PointBenchmark:
    return PointBenchmark()


@pytest.fixture
def policy(benchmark: PointBenchmark) -> GaussianMLPPolicy:
    return GaussianMLPPolicy(benchmark.observation_size, benchmark.action_size, (5, 4), initial_std=0.8, min_std=0.1)


@pytest.fixture
def problem(benchmark: PointBenchmark, policy: GaussianMLPPolicy) -> ReinforcementLearning:
    return ReinforcementLearning(benchmark, policy, episodes_per_task=3, discount=0.9, gae_lambda=0.8)


@pytest.fixture
def key() -> RandomKey:
    return RandomKey(seed=7, iteration=1, purpose="test")


@pytest.fixture
def theta(policy: GaussianMLPPolicy, key: RandomKey) -> Parameters:
    """Meta-parameters in float64, none of them zero, so that no gradient vanishes by symmetry."""
    fresh = policy.initial_parameters(key, dtype=torch.float64)
    generator = key.child("shift").generator()
    return {name: t + 0.1 * torch.randn(t.shape, generator=generator, dtype=t.dtype) for name, t in fresh.items()}


@pytest.fixture(scope="session")
def gl() -> None:
    """Skips what draws, where MuJoCo cannot; it is asked without our renderer, whose mistakes must not skip a test."""
    import mujoco

    from mlrun.rendering.gl_context import MODULES, choose_backend

    backend = choose_backend()
    if backend is None:
        pytest.skip("there is nothing to draw with")
    try:
        context = importlib.import_module(MODULES[backend]).GLContext(8, 8)
        context.make_current()
        mujoco.MjrContext(mujoco.MjModel.from_xml_string("<mujoco/>"), 100).free()
        context.free()
    except Exception as error:  # drivers and their bindings fail in ways of their own
        pytest.skip(f"{backend} does not work here: {error}")


@pytest.fixture(scope="session", autouse=True)
def listening_to_ctrl_c() -> Iterator[None]:
    """A shell starts background jobs with SIGINT ignored, and what they start inherits that; many tests send it."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)
