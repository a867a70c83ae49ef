import pytest
import torch

from mlrun.benchmarks.descriptions import reference_scores
from mlrun.benchmarks.metaworld.family import HAND_HOME
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.reach import Reach
from mlrun.benchmarks.reference_policies import play
from mlrun.benchmarks.task import stack_parameters

LOW, HIGH = Reach.parameters_low[3:], Reach.parameters_high[3:]


@pytest.fixture(scope="module")
def floors(problem: str) -> dict[str, dict[str, float]]:
    ml1 = ML1(problem, horizon=100)
    return ml1.reference_scores(ml1.test_tasks)


def test_the_expert_solves_the_test_tasks(floors: dict[str, dict[str, float]]) -> None:
    assert floors["expert"]["success_any"] >= 0.98
    assert floors["expert"]["success_last"] >= 0.98
    assert floors["expert"]["return"] <= 1000


def test_scripts_that_do_not_see_the_goal_stay_behind(floors: dict[str, dict[str, float]]) -> None:
    expert = floors["expert"]
    blind_floors = [floor for name, floor in floors.items() if name != "expert"]
    assert blind_floors
    for blind in blind_floors:
        assert blind["success_last"] <= blind["success_any"] < expert["success_any"]
        assert blind["success_last"] < 0.5
        assert blind["return"] < expert["return"]


def test_stored_scores_are_those_of_the_scripts_there_are(floors: dict[str, dict[str, float]], problem: str) -> None:
    assert list(reference_scores(f"ml1/{problem}")) == list(floors)


def test_stored_scores_are_what_is_measured() -> None:
    """On one problem, with the script whose success is the least certain: the rest would take too long."""
    ml1 = ML1("pick-place-v3")
    tasks, train_tasks = stack_parameters(ml1.test_tasks), stack_parameters(ml1.train_tasks)
    name = "goal-blind expert"
    script = ml1.family.reference_policies(tasks, train_tasks, ml1.horizon)[name]
    measured, stored = play(ml1.make_worlds(len(tasks)), tasks, script), reference_scores(ml1.name)[name]
    assert measured["success_any"] == pytest.approx(stored["success_any"], abs=0.021)
    assert measured["success_last"] == pytest.approx(stored["success_last"], abs=0.021)
    assert measured["return"] == pytest.approx(stored["return"], rel=1e-3)


def test_a_full_sweep_leads_the_fingers_past_nearly_every_goal() -> None:
    (actions,) = Reach().blind_actions(500).values()
    assert actions.shape == (500, 4)
    assert actions.abs().max() <= 1 + 1e-12
    fingers = torch.tensor(HAND_HOME) + 0.01 * actions[:, :3].cumsum(0) - torch.tensor([0, 0, 0.045])
    low, high = torch.tensor(LOW), torch.tensor(HIGH)
    goals = low + (high - low) * torch.rand(2000, 3, generator=torch.Generator().manual_seed(0))
    assert (torch.cdist(goals.double(), fingers).amin(1) < 0.05).double().mean() > 0.95


def test_a_short_horizon_cuts_the_sweep() -> None:
    (short,), (full,) = Reach().blind_actions(30).values(), Reach().blind_actions(500).values()
    assert torch.equal(short, full[:30])
