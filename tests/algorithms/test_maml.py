from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from mlrun.algorithms.inner_loop import expand_to_tasks, gradient_step
from mlrun.algorithms.maml import MAML
from mlrun.config.schema import InnerLoopConfig, MAMLConfig, TrustRegionConfig
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl import trust_region
from mlrun.rl.baseline import LinearFeatureBaseline
from mlrun.rl.problem import Experience, ReinforcementLearning
from tests.point_benchmark import PointBenchmark

TASKS = 3
RATE = 0.3


def build(theta: Parameters, *, steps: int = 1, first_order: bool = False, stride: int = 1) -> MAML:
    inner = InnerLoopConfig(learning_rate=RATE, steps=steps)
    outer = TrustRegionConfig(curvature_stride=stride)
    algorithm = MAML(MAMLConfig(first_order=first_order, inner=inner, outer=outer))
    algorithm.load_state_dict({"parameters": theta})
    return algorithm


class Captured:
    """What the outer step was asked to minimise, measure and use as its metric."""

    loss: Callable[[Parameters], torch.Tensor]
    measure: Callable[[Parameters], tuple[float, float]]
    curvature: Callable[[Parameters], torch.Tensor]


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> Captured:
    captured = Captured()

    def capture(parameters: Parameters, **given: Any) -> trust_region.TrustRegionStep:
        captured.loss, captured.measure = given["loss"], given["measure"]
        captured.curvature = given["curvature"]
        return trust_region.trust_region_step(parameters, **given)

    monkeypatch.setattr("mlrun.algorithms.maml.trust_region_step", capture)
    return captured


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[Experience]:
    data: list[Experience] = []
    collect = ReinforcementLearning.collect

    def record(self: ReinforcementLearning, *given: Any) -> Experience:
        data.append(collect(self, *given))
        return data[-1]

    monkeypatch.setattr(ReinforcementLearning, "collect", record)
    return data


def reference_surrogate(parameters: Parameters, data: Experience, task: int) -> torch.Tensor:
    """One task's surrogate, written out without batching, for the two-hidden-layer policy of the fixtures."""
    features = data.observations[task]
    for layer in range(3):
        features = features @ parameters[f"mean.{layer}.weight"] + parameters[f"mean.{layer}.bias"]
        features = features.tanh() if layer < 2 else features
    std = 0.1 + parameters["log_std"].exp()
    log_prob = torch.distributions.Normal(features, std).log_prob(data.actions[task]).sum(-1)
    return -((log_prob - data.log_probs[task]).exp() * data.advantages[task]).mean()


def reference_meta_loss(theta: Parameters, data: list[Experience], *, first_order: bool) -> torch.Tensor:
    """Task by task: adapt on every batch but the last, and average the loss on the last."""
    losses = []
    for task in range(TASKS):
        phi = theta
        for batch in data[:-1]:
            loss = reference_surrogate(phi, batch, task)
            gradients = torch.autograd.grad(loss, list(phi.values()), create_graph=not first_order)
            phi = {name: phi[name] - RATE * gradient for name, gradient in zip(phi, gradients, strict=True)}
        losses.append(reference_surrogate(phi, data[-1], task))
    return torch.stack(losses).mean()


def gradient(loss: torch.Tensor, theta: Parameters) -> torch.Tensor:
    return torch.cat([part.reshape(-1) for part in torch.autograd.grad(loss, list(theta.values()))])


def leaves(theta: Parameters) -> Parameters:
    return {name: tensor.detach().clone().requires_grad_() for name, tensor in theta.items()}


def update(
    algorithm: MAML, problem: ReinforcementLearning, benchmark: PointBenchmark, key: RandomKey
) -> dict[str, float]:
    return algorithm.update(problem, benchmark.train_tasks[:TASKS], key)


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("first_order", [False, True])
def test_the_meta_gradient_equals_a_reference_that_goes_task_by_task(
    steps: int, first_order: bool, problem: Any, benchmark: Any, theta: Any, key: Any, captured: Any, collected: Any
) -> None:
    update(build(theta, steps=steps, first_order=first_order), problem, benchmark, key)
    assert len(collected) == steps + 1
    ours, theirs = leaves(theta), leaves(theta)
    loss, expected = captured.loss(ours), reference_meta_loss(theirs, collected, first_order=first_order)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(gradient(loss, ours), gradient(expected, theirs), rtol=1e-8, atol=1e-12)


def test_the_second_order_term_is_there(
    problem: Any, benchmark: Any, theta: Any, key: Any, captured: Any, collected: Any
) -> None:
    update(build(theta), problem, benchmark, key)
    first, second = leaves(theta), leaves(theta)
    without = gradient(reference_meta_loss(first, collected, first_order=True), first)
    difference = (gradient(captured.loss(second), second) - without).norm() / without.norm()
    assert difference > 0.01


@pytest.mark.parametrize("steps", [1, 2])
def test_the_meta_gradient_equals_finite_differences(
    steps: int, problem: Any, benchmark: Any, theta: Any, key: Any, captured: Any
) -> None:
    update(build(theta, steps=steps), problem, benchmark, key)
    ours = leaves(theta)
    analytic = gradient(captured.loss(ours), ours)
    direction = torch.randn(analytic.shape, generator=key.generator(), dtype=torch.float64)

    def along(distance: float) -> float:
        moved = trust_region._unflatten(trust_region._flatten(theta.values()) + distance * direction, theta)
        return captured.measure(moved)[0]

    numeric = (along(1e-6) - along(-1e-6)) / 2e-6
    assert float(analytic @ direction) == pytest.approx(numeric, rel=1e-6)


def test_the_region_is_measured_after_adaptation_and_is_zero_at_theta(
    problem: Any, benchmark: Any, theta: Any, key: Any, captured: Any, collected: Any
) -> None:
    update(build(theta), problem, benchmark, key)
    assert captured.measure(theta)[1] == pytest.approx(0, abs=1e-14)
    moved = {**theta, "log_std": theta["log_std"] + 0.05}

    def adapted(parameters: Parameters) -> Parameters:
        return gradient_step(problem, expand_to_tasks(parameters, TASKS), collected[0], RATE)

    expected = problem.divergence(adapted(theta), adapted(moved), collected[1]).mean()
    assert captured.measure(moved)[1] == pytest.approx(float(expected), rel=1e-9)


def test_the_metric_is_the_hessian_of_the_divergence(
    problem: Any, benchmark: Any, theta: Any, key: Any, captured: Any
) -> None:
    """A step's divergence is half the curvature along it, to third order."""
    update(build(theta), problem, benchmark, key)
    direction = {name: torch.ones_like(tensor) for name, tensor in theta.items()}
    ours = leaves(theta)
    product = trust_region._hessian_product(captured.curvature(ours), ours, damping=0.0)
    vector = trust_region._flatten(direction.values())
    curvature = float(vector @ product(vector))
    scale = 1e-4
    moved = {name: theta[name] + scale * direction[name] for name in theta}
    assert captured.measure(moved)[1] == pytest.approx(0.5 * scale**2 * curvature, rel=1e-2)


def test_thinned_curvature_still_vanishes_at_theta(
    problem: Any, benchmark: Any, theta: Any, key: Any, captured: Any
) -> None:
    update(build(theta, stride=2), problem, benchmark, key)
    ours = leaves(theta)
    value = captured.curvature(ours)
    assert float(value.detach()) == pytest.approx(0, abs=1e-14)
    assert gradient(value, ours).norm() < 1e-12


def test_the_inner_step_uses_the_inner_learning_rate(
    problem: Any, benchmark: Any, theta: Any, key: Any, collected: Any
) -> None:
    before, after = build(theta).adapt(problem, benchmark.train_tasks[:TASKS], key, steps=1)
    slot = {name: tensor[1].clone().requires_grad_() for name, tensor in before.items()}
    gradients = torch.autograd.grad(reference_surrogate(slot, collected[0], 1), list(slot.values()))
    for (name, start), slope in zip(slot.items(), gradients, strict=True):
        torch.testing.assert_close(after[name][1], start.detach() - RATE * slope, rtol=1e-9, atol=1e-12)


def test_the_line_search_refits_no_baseline_and_collects_nothing(
    problem: Any, benchmark: Any, theta: Any, key: Any, collected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = []
    fit = LinearFeatureBaseline.fit
    monkeypatch.setattr(LinearFeatureBaseline, "fit", lambda *given: fits.append(1) or fit(*given))
    metrics = update(build(theta), problem, benchmark, key)
    assert metrics["accepted"]
    assert len(fits) == len(collected) == 2


def test_the_line_search_builds_no_second_order_graph(
    problem: Any, benchmark: Any, theta: Any, key: Any, captured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(build(theta), problem, benchmark, key)
    calls = []

    def spy(*given: Any, second_order: bool = False) -> Parameters:
        calls.append((second_order, torch.is_grad_enabled()))
        return gradient_step(*given, second_order=second_order)

    monkeypatch.setattr("mlrun.algorithms.maml.gradient_step", spy)
    captured.measure(theta)
    assert calls == [(False, False)]


def test_several_steps_resample_with_the_weights_adapted_so_far(
    problem: Any, benchmark: Any, theta: Any, key: Any, collected: Any
) -> None:
    tasks = benchmark.train_tasks[:TASKS]
    adapted = build(theta).adapt(problem, tasks, key, steps=3)
    assert len(adapted) == 4
    for parameters, data in zip(adapted, collected, strict=False):
        log_probs = problem.policy(parameters, data.observations).log_prob(data.actions)
        torch.testing.assert_close(log_probs, data.log_probs, rtol=1e-10, atol=1e-10)
    assert not torch.isclose(collected[0].actions, collected[1].actions).any()


def test_adaptation_leaves_the_meta_parameters_alone_and_tasks_apart(
    problem: Any, benchmark: Any, theta: Any, key: Any
) -> None:
    algorithm = build(theta)
    copies = {name: tensor.clone() for name, tensor in theta.items()}
    together = algorithm.adapt(problem, benchmark.train_tasks[:TASKS], key, steps=1)[-1]
    alone = algorithm.adapt(problem, benchmark.train_tasks[:1], key, steps=1)[-1]
    for name, tensor in copies.items():
        assert torch.equal(algorithm.parameters[name], tensor)
        torch.testing.assert_close(together[name][:1], alone[name], rtol=1e-9, atol=1e-12)
        assert not together[name].requires_grad


def test_an_update_is_repeatable_and_improves_the_surrogate(problem: Any, benchmark: Any, theta: Any, key: Any) -> None:
    one, other = build(theta), build(theta)
    metrics = update(one, problem, benchmark, key)
    torch.manual_seed(0)
    assert update(other, problem, benchmark, key) == metrics
    assert all(torch.equal(one.parameters[name], other.parameters[name]) for name in theta)
    assert metrics["accepted"]
    assert metrics["loss_after"] < metrics["loss_before"]
    assert 0 < metrics["kl"] <= TrustRegionConfig().max_kl


def test_a_parameter_that_the_loss_ignores_is_named(problem: Any, benchmark: Any, theta: Any, key: Any) -> None:
    algorithm = build({**theta, "spare": torch.zeros(2, dtype=torch.float64)})
    with pytest.raises(ValueError, match="spare"):
        algorithm.adapt(problem, benchmark.train_tasks[:TASKS], key, steps=1)
