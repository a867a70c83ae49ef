"""The trust-region step of TRPO on a dict of parameters (Schulman et al. 2015, appendix C)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch

from mlrun.config.algorithms import TrustRegionConfig
from mlrun.interruption import interruption_point
from mlrun.parameters import Parameters, gradients

Vector = torch.Tensor


@dataclass(frozen=True)
class TrustRegionStep:
    """What a step did.

    Attributes:
        parameters: the new parameters, or the old ones if no step was accepted.
        loss_before: loss at the old parameters.
        loss_after: loss at the returned parameters.
        kl: KL at the returned parameters, in nats; 0 if no step was accepted.
        accepted: whether a step was taken.
        backtracks: how many times the full step was shortened.
        gradient_norm: Euclidean norm of the loss gradient.
    """

    parameters: Parameters
    loss_before: float
    loss_after: float
    kl: float
    accepted: bool
    backtracks: int
    gradient_norm: float


def trust_region_step(
    parameters: Parameters,
    *,
    loss: Callable[[Parameters], torch.Tensor],
    measure: Callable[[Parameters], tuple[float, float]],
    curvature: Callable[[Parameters], torch.Tensor],
    options: TrustRegionConfig,
    total: Callable[[Vector], Vector] = lambda share: share,
) -> TrustRegionStep:
    """One natural-gradient step with a backtracking line search.

    The direction solves ``(H + damping) x = -gradient`` with conjugate gradients, where ``H`` is the Hessian of
    ``curvature``. Its length makes the quadratic model of the KL equal ``max_kl``. A step is accepted only if the
    loss decreases and the measured KL is at most ``max_kl``. If no step is accepted, the parameters do not change.

    Args:
        parameters: named tensors, any floating dtype.
        loss: differentiable scalar loss.
        measure: the same loss and the KL from ``parameters``, as numbers. The line search calls it, so it should
            build no graph.
        curvature: twice differentiable scalar whose Hessian is the metric. Its value and gradient are 0 at
            ``parameters``. It may estimate the KL from less data.
        options: size of the region, and limits of the solver and the line search.
        total: sums gradients and curvature products over all processes.
    """
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in parameters.items()}
    loss_before = loss(leaves)
    gradient = total(_flatten(gradients(loss_before, leaves).values()))
    product = _hessian_product(curvature(leaves), leaves, options.cg_damping, total)
    direction = conjugate_gradient(product, -gradient, options.cg_iterations)
    length = (2 * options.max_kl / torch.dot(direction, product(direction)).clamp_min(1e-20)).sqrt()
    before = loss_before.item()
    origin = _flatten(parameters.values())
    for backtracks in range(options.max_backtracks):
        scale = length * options.backtrack_ratio**backtracks
        candidate = _unflatten(origin + scale * direction, parameters)
        after, kl = measure(candidate)
        if after < before and kl <= options.max_kl:
            norm = float(gradient.norm())
            return TrustRegionStep(candidate, before, after, kl, True, backtracks, norm)
    return TrustRegionStep(parameters, before, before, 0.0, False, options.max_backtracks, float(gradient.norm()))


def conjugate_gradient(product: Callable[[Vector], Vector], target: Vector, iterations: int) -> Vector:
    """Approximate ``A⁻¹ target`` for a symmetric positive definite ``A``. ``product`` multiplies ``A`` with a vector.

    It stops early if the residual vanishes, or if rounding makes the curvature along a direction 0 or negative.
    """
    solution = torch.zeros_like(target)
    residual = target.clone()
    search = residual
    squared = torch.dot(residual, residual)
    for _ in range(iterations):
        if squared < 1e-20:
            break
        image = product(search)
        curvature = torch.dot(search, image)
        if curvature <= 0:
            break
        rate = squared / curvature
        solution = solution + rate * search
        residual = residual - rate * image
        previous, squared = squared, torch.dot(residual, residual)
        search = residual + squared / previous * search
    return solution


def _hessian_product(
    value: torch.Tensor, leaves: Parameters, damping: float, total: Callable[[Vector], Vector]
) -> Callable[[Vector], Vector]:
    """Products with the damped Hessian of ``value``. The graph of its gradient is built once and kept."""
    tensors = list(leaves.values())
    gradient = _flatten(gradients(value, leaves, create_graph=True).values())

    def product(vector: Vector) -> Vector:
        interruption_point()
        images = torch.autograd.grad(gradient, tensors, grad_outputs=vector, retain_graph=True)
        return total(_flatten(images)) + damping * vector

    return product


def _flatten(tensors: Iterable[torch.Tensor]) -> Vector:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _unflatten(vector: Vector, like: Mapping[str, torch.Tensor]) -> Parameters:
    pieces = vector.split([tensor.numel() for tensor in like.values()])
    return {name: piece.view_as(tensor) for (name, tensor), piece in zip(like.items(), pieces, strict=True)}
