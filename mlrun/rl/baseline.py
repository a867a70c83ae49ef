"""The linear feature baseline, a value function that is fitted to each task's own episodes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mlrun.finite import require_finite_tasks

_MAX_RIDGE = 1e5


@dataclass(frozen=True)
class LinearFeatureBaseline:
    """A value function that is linear in the observation, its square, and powers of the time within the episode.

    The features are those of Duan et al. 2016 (Benchmarking Deep Reinforcement Learning, supplement): the observation
    clipped to ±10 and its square, then t, t², t³ and 1. Here t is the step within the episode, divided by 100.

    Attributes:
        weights: of each task's fit, ``(tasks, features)``, float64.
    """

    weights: torch.Tensor

    @classmethod
    def fit(cls, observations: torch.Tensor, returns: torch.Tensor, *, ridge: float = 1e-5) -> LinearFeatureBaseline:
        """Least squares with a ridge, an independent fit for each task.

        Args:
            observations: ``(tasks, steps, episodes, features)``.
            returns: the returns from every step on, ``(tasks, steps, episodes)``.
            ridge: added to the diagonal of the normal equations. A task whose equations are singular gets ten times
                as much, again and again.

        Raises:
            NotFiniteError: an observation or a return is not finite.
            FloatingPointError: the equations of a task are singular even with the largest ridge.
        """
        features = _features(observations, first_step=0).flatten(1, 2)
        targets = returns.double().flatten(1).unsqueeze(-1)
        gram = features.transpose(1, 2) @ features
        moments = features.transpose(1, 2) @ targets
        require_finite_tasks("an observation or a return", torch.cat((gram, moments), dim=-1))
        identity = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
        ridges = torch.full((gram.shape[0], 1, 1), ridge, dtype=gram.dtype, device=gram.device)
        factor, info = torch.linalg.cholesky_ex(gram + ridges * identity)
        while info.any() and ridges.max() < _MAX_RIDGE:
            ridges = torch.where(info.bool().view(-1, 1, 1), 10 * ridges, ridges)
            factor, info = torch.linalg.cholesky_ex(gram + ridges * identity)
        if info.any():
            raise FloatingPointError("the baseline cannot be fitted: its normal equations stay singular")
        return cls(torch.cholesky_solve(moments, factor).squeeze(-1))

    def predict(self, observations: torch.Tensor, *, first_step: int = 0) -> torch.Tensor:
        """Values ``(tasks, steps, episodes)`` of observations ``(tasks, steps, episodes, features)``.

        The first observations are those of step ``first_step`` of the episode.
        """
        values = torch.einsum("tsef,tf->tse", _features(observations, first_step=first_step), self.weights)
        return values.to(observations.dtype)


def _features(observations: torch.Tensor, *, first_step: int) -> torch.Tensor:
    tasks, steps, episodes, _ = observations.shape
    clipped = observations.double().clamp(-10, 10)
    time = torch.arange(first_step, first_step + steps, dtype=clipped.dtype, device=clipped.device) / 100
    powers = torch.stack([time, time**2, time**3, torch.ones_like(time)], dim=-1)
    powers = powers.view(1, steps, 1, 4).expand(tasks, steps, episodes, 4)
    return torch.cat([clipped, clipped.square(), powers], dim=-1)
