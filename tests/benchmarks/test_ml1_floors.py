import pytest
import torch

from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.benchmarks.ml1.floors import sweep_actions
from mlrun.benchmarks.protocol import Floor
from mlrun.simulation.physics import HAND_HOME


@pytest.fixture(scope="module")
def floors(reach: ML1) -> dict[str, Floor]:
    return reach.floors(reach.test_tasks)


def test_the_expert_solves_the_test_tasks(floors: dict[str, Floor]) -> None:
    assert floors["expert"].success_any >= 0.98
    assert floors["expert"].success_last >= 0.98


def test_scripts_that_do_not_see_the_goal_stay_behind(floors: dict[str, Floor]) -> None:
    blind, sweep, expert = (floors[name] for name in ("goal-blind expert", "goal-blind sweep", "expert"))
    assert blind.success_any < 0.3
    assert blind.success_any < sweep.success_any < expert.success_any
    assert max(blind.mean_return, sweep.mean_return) < expert.mean_return <= 1000
    assert max(blind.success_last, sweep.success_last) < 0.2


def test_a_full_sweep_leads_the_fingers_past_nearly_every_goal(reach: ML1) -> None:
    actions = sweep_actions(reach.problem, 500)
    assert actions.shape == (500, 4)
    assert actions.abs().max() <= 1 + 1e-12
    fingers = torch.tensor(HAND_HOME) + 0.01 * actions[:, :3].cumsum(0) - torch.tensor([0, 0, 0.045])
    low, high = (torch.tensor(corner[3:]) for corner in (reach.problem.parameters_low, reach.problem.parameters_high))
    goals = low + (high - low) * torch.rand(2000, 3, generator=torch.Generator().manual_seed(0))
    assert (torch.cdist(goals.double(), fingers).amin(1) < 0.05).double().mean() > 0.95


def test_a_short_horizon_cuts_the_sweep(reach: ML1) -> None:
    assert torch.equal(sweep_actions(reach.problem, 30), sweep_actions(reach.problem, 500)[:30])
