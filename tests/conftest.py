from __future__ import annotations

import pytest
import torch

from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.policy import GaussianMLPPolicy
from mlrun.rl.problem import ReinforcementLearning
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
    """Skips what draws, where there is nothing to draw with."""
    from mlrun.rendering import Renderer, RenderingUnavailableError

    try:
        Renderer(8, 8).close()
    except RenderingUnavailableError as error:
        pytest.skip(str(error))
