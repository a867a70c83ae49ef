"""A scripted policy that finds the hidden goal by the rewards, within the episode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from mlrun.simulation.protocol import Positions

if TYPE_CHECKING:
    from mlrun.benchmarks.metaworld.family import RewardFunction, TaskFamily

_SPACING: Final = 0.25  # of the success radius, between neighbouring candidates
_EVERY: Final = 3  # steps: those between tell nearly the same
_EXPECTED_ERROR: Final = {"v1": 10.0, "v2": 0.1}  # reward
_DOUBT: Final = 1e-3  # misfit per metre from the mean target, which decides while the rewards decide nothing


class GoalInferringExpert:
    """A reference policy that adapts within the episode: it knows the reward function, and sees the rewards.

    It keeps a grid of candidate goals. After every third step it computes the reward that each candidate would have
    given. The family's expert moves towards the candidate with the least misfit. That movement tells apart the
    candidates that have fitted so far.

    The misfit of a candidate is a sum of e / (e + c) over steps. Here e is the error of the computed reward, and c is
    an error that is expected: candidates lie apart, and observations show positions only nearly. A step adds at most 1.
    So the few steps that no candidate explains do little harm.

    Args:
        family: whose reward function and expert it uses.
        mean_target: (3,) float64 in metres. It moves there until the rewards say more.
    """

    def __init__(self, family: TaskFamily, mean_target: Tensor):
        self._family = family
        self._mean_target = mean_target
        self._goals = _grid(family.parameters_low[3:], family.parameters_high[3:], _SPACING * family.success_radius)

    def __call__(self, step: int, observation: Tensor, reward: Tensor) -> Tensor:
        """Chooses actions (worlds, 4), see `ReferencePolicy`. Step 0 begins a new episode."""
        if step == 0:
            self._begin(observation)
        elif step % _EVERY == 0:
            self._learn(observation, reward)
        worlds = torch.arange(len(observation))
        self._action = self._family.careful_expert(observation, self._targets[worlds, self._misfit.argmin(-1)])
        return self._action

    def _begin(self, observation: Tensor) -> None:
        """Makes one task for each world and candidate. The object starts where it is seen."""
        start = observation[:, None, 4:7].expand(-1, len(self._goals), -1)
        parameters = torch.cat((start, self._goals.expand_as(start)), dim=-1).flatten(0, 1)
        self._reward: RewardFunction = self._family.reward_function(parameters)
        self._targets = self._family.target(parameters).unflatten(0, start.shape[:2])  # (worlds, candidates, 3)
        self._misfit = _DOUBT * torch.linalg.vector_norm(self._targets - self._mean_target, dim=-1)

    def _learn(self, observation: Tensor, reward: Tensor) -> None:
        """Adds to each candidate's misfit to the `reward` (worlds,) of the last step."""
        worlds, candidates = self._misfit.shape
        positions = _Repeated(self._family.seen_positions(observation), candidates)
        action = self._action.repeat_interleave(candidates, dim=0)
        computed = self._reward(positions, action).reward.view(worlds, candidates)
        error = (computed - reward[:, None]).abs()
        self._misfit += error / (error + _EXPECTED_ERROR[self._family.reward_version])


class _Repeated:
    """The positions of every world, `times` times one after another."""

    def __init__(self, positions: Positions, times: int):
        self._positions, self._times = positions, times

    def body(self, name: str) -> Tensor:
        return self._positions.body(name).repeat_interleave(self._times, dim=0)

    @property
    def gripper_center(self) -> Tensor:
        return self._positions.gripper_center.repeat_interleave(self._times, dim=0)


def _grid(low: tuple[float, ...], high: tuple[float, ...], spacing: float) -> Tensor:
    """Points (candidates, 3) that fill a box evenly, with its corners, about `spacing` metres apart."""
    axes = [
        torch.linspace(start, end, 1 + round((end - start) / spacing), dtype=torch.float64)
        for start, end in zip(low, high, strict=True)
    ]
    return torch.cartesian_prod(*axes)
