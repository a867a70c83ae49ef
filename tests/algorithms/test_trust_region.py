from __future__ import annotations

import pytest
import torch

from mlrun.algorithms.trust_region import TrustRegionStep, conjugate_gradient, trust_region_step
from mlrun.config.algorithms import TrustRegionConfig
from mlrun.parameters import Parameters

OPTIONS = TrustRegionConfig(max_kl=0.01, cg_iterations=20, cg_damping=0.0)


@pytest.fixture
def metric() -> torch.Tensor:
    root = torch.randn(5, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return root @ root.T + torch.eye(5, dtype=torch.float64)


@pytest.fixture
def start() -> Parameters:
    return {"a": torch.tensor([1.0, -2.0], dtype=torch.float64), "b": torch.tensor([[0.5], [3.0], [1.0]]).double()}


def flat(parameters: Parameters) -> torch.Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in parameters.values()])


def step(
    start: Parameters, metric: torch.Tensor, options: TrustRegionConfig, kl_factor: float = 1.0
) -> TrustRegionStep:
    """A linear loss and a quadratic KL. The measured KL is the quadratic model times a factor."""
    gradient = torch.arange(1.0, 6.0, dtype=torch.float64)
    origin = flat(start)

    def loss(parameters: Parameters) -> torch.Tensor:
        return gradient @ flat(parameters)

    def kl(parameters: Parameters) -> torch.Tensor:
        distance = flat(parameters) - origin
        return 0.5 * distance @ metric @ distance

    def measure(parameters: Parameters) -> tuple[float, float]:
        assert not any(tensor.requires_grad for tensor in parameters.values()), "the line search must not build a graph"
        return float(loss(parameters)), kl_factor * float(kl(parameters))

    return trust_region_step(start, loss=loss, measure=measure, curvature=kl, options=options)


def test_conjugate_gradient_solves_a_linear_system(metric: torch.Tensor) -> None:
    target = torch.arange(5.0, dtype=torch.float64)
    solution = conjugate_gradient(lambda vector: metric @ vector, target, 10)
    torch.testing.assert_close(metric @ solution, target, rtol=1e-9, atol=1e-9)


def test_the_full_step_is_the_constrained_optimum(start: Parameters, metric: torch.Tensor) -> None:
    result = step(start, metric, OPTIONS, kl_factor=0.999)
    gradient = torch.arange(1.0, 6.0, dtype=torch.float64)
    natural = torch.linalg.solve(metric, gradient)
    expected = flat(start) - (2 * 0.01 / (gradient @ natural)).sqrt() * natural
    torch.testing.assert_close(flat(result.parameters), expected, rtol=1e-6, atol=1e-6)
    assert result.accepted
    assert result.loss_after < result.loss_before
    assert result.parameters["b"].shape == start["b"].shape


def test_it_backtracks_until_the_measured_kl_is_within_the_region(start: Parameters, metric: torch.Tensor) -> None:
    result = step(start, metric, OPTIONS, kl_factor=3.0)
    assert result.accepted
    assert result.kl <= OPTIONS.max_kl
    # 0.8 ** (2 k) * 3 <= 1 first holds for k = 3
    assert result.backtracks == 3


def test_a_rejected_step_leaves_the_parameters_as_they_were(start: Parameters, metric: torch.Tensor) -> None:
    result = step(start, metric, OPTIONS, kl_factor=1e9)
    assert not result.accepted
    assert result.parameters is start
    assert result.kl == 0
    assert result.loss_after == result.loss_before


def test_a_step_that_raises_the_loss_is_rejected(start: Parameters, metric: torch.Tensor) -> None:
    def loss(parameters: Parameters) -> torch.Tensor:
        return flat(parameters).sum()

    def curvature(parameters: Parameters) -> torch.Tensor:
        distance = flat(parameters) - flat(start)
        return 0.5 * distance @ metric @ distance

    result = trust_region_step(
        start,
        loss=loss,
        measure=lambda parameters: (float(loss(start)) + 1e-9, 0.0),
        curvature=curvature,
        options=OPTIONS,
    )
    assert not result.accepted
    assert result.parameters is start


def test_a_vanishing_gradient_is_no_step_and_no_error(start: Parameters, metric: torch.Tensor) -> None:
    def flat_loss(parameters: Parameters) -> torch.Tensor:
        return 0.0 * flat(parameters).sum()

    def curvature(parameters: Parameters) -> torch.Tensor:
        distance = flat(parameters) - flat(start)
        return 0.5 * distance @ metric @ distance

    result = trust_region_step(
        start, loss=flat_loss, measure=lambda _: (0.0, 0.0), curvature=curvature, options=OPTIONS
    )
    assert not result.accepted
