import pytest
import torch

from mlrun.benchmarks.descriptions import Scores, reference_scores
from mlrun.benchmarks.metaworld.family import HAND_HOME
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.reach import Reach
from mlrun.benchmarks.reference_policies import score_policy
from mlrun.benchmarks.task import stack_parameters

LOW, HIGH = Reach.parameters_low[3:], Reach.parameters_high[3:]


@pytest.fixture(scope="module")
def scores(family: str) -> Scores:
    ml1 = ML1(family, horizon=100)
    return ml1.reference_scores(ml1.test_tasks)


def test_the_expert_solves_the_test_tasks(scores: Scores) -> None:
    assert scores["expert"]["success_any"] >= 0.98
    assert scores["expert"]["success_last"] >= 0.98
    assert scores["expert"]["return"] <= 1000


def test_policies_that_do_not_see_the_goal_stay_behind(scores: Scores) -> None:
    expert = scores["expert"]
    goal_blind = [of_policy for name, of_policy in scores.items() if name.startswith("goal-blind")]
    assert goal_blind
    for blind in goal_blind:
        assert blind["success_last"] <= blind["success_any"] < expert["success_any"]
        assert blind["success_last"] < 0.5
        assert blind["return"] < expert["return"]


def test_the_order_is_from_the_least_informed_to_the_expert(scores: Scores) -> None:
    first, *_, last_but_one, last = scores
    assert (first, last_but_one, last) == ("goal-blind expert", "goal-inferring expert", "expert")


def test_stored_scores_are_those_of_the_policies_there_are(scores: Scores, family: str) -> None:
    assert list(reference_scores(f"ml1/{family}")) == list(scores)


def test_stored_scores_are_what_is_measured() -> None:
    """For one family, and the policy whose success is the least certain. All of them would take too long."""
    ml1 = ML1("pick-place-v3")
    tasks, train_tasks = stack_parameters(ml1.test_tasks), stack_parameters(ml1.train_tasks)
    name = "goal-blind expert"
    policy = ml1.family.reference_policies(tasks, train_tasks, ml1.horizon)[name]
    measured, stored = score_policy(ml1.make_worlds(len(tasks)), tasks, policy), reference_scores(ml1.name)[name]
    assert measured["success_any"] == pytest.approx(stored["success_any"], abs=0.021)
    assert measured["success_last"] == pytest.approx(stored["success_last"], abs=0.021)
    assert measured["return"] == pytest.approx(stored["return"], rel=1e-3)


def test_a_full_sweep_leads_the_fingers_past_nearly_every_goal() -> None:
    (actions,) = Reach().open_loop_actions(500).values()
    assert actions.shape == (500, 4)
    assert actions.abs().max() <= 1 + 1e-12
    fingers = torch.tensor(HAND_HOME) + 0.01 * actions[:, :3].cumsum(0) - torch.tensor([0, 0, 0.045])
    low, high = torch.tensor(LOW), torch.tensor(HIGH)
    goals = low + (high - low) * torch.rand(2000, 3, generator=torch.Generator().manual_seed(0))
    assert (torch.cdist(goals.double(), fingers).amin(1) < 0.05).double().mean() > 0.95


def test_a_short_horizon_cuts_the_sweep() -> None:
    (short,), (full,) = Reach().open_loop_actions(30).values(), Reach().open_loop_actions(500).values()
    assert torch.equal(short, full[:30])
