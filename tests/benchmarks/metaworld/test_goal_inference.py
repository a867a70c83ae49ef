import pytest
import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import RewardVersion
from mlrun.benchmarks.metaworld.goal_inference import GoalInferringExpert
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.reference_policies import ReferencePolicy, score_policy
from mlrun.benchmarks.task import stack_parameters

HORIZON = 150


def policy_of(ml1: ML1) -> ReferencePolicy:
    """The policy as an evaluation gets it, but for tasks that are not played: all their numbers are 0."""
    not_played = torch.zeros(len(ml1.test_tasks), 6, dtype=torch.float64)
    policies = ml1.family.reference_policies(not_played, stack_parameters(ml1.train_tasks), ml1.horizon)
    assert isinstance(policies["goal-inferring expert"], GoalInferringExpert)
    return policies["goal-inferring expert"]


def scores_of(ml1: ML1, policy: ReferencePolicy, count: int = 50) -> dict[str, float]:
    tasks = stack_parameters(ml1.test_tasks[:count])
    return score_policy(ml1.make_worlds(len(tasks)), tasks, policy)


def actions_of(ml1: ML1, tasks: Tensor, policy: ReferencePolicy) -> Tensor:
    """The actions of an episode, (steps, worlds, 4)."""
    actions = []

    def recorded(step: int, observation: Tensor, reward: Tensor) -> Tensor:
        actions.append(policy(step, observation, reward))
        return actions[-1]

    score_policy(ml1.make_worlds(len(tasks)), tasks, recorded)
    return torch.stack(actions)


@pytest.mark.parametrize("reward", ["v1", "v2"])
def test_it_solves_held_out_tasks_without_being_told_the_goal(family: str, reward: RewardVersion) -> None:
    ml1 = ML1(family, horizon=HORIZON, reward=reward)
    scores = scores_of(ml1, policy_of(ml1))
    assert scores["success_any"] >= 0.95
    assert scores["success_last"] >= 0.95


def test_without_rewards_it_ends_no_better_than_the_goal_blind_expert(family: str) -> None:
    """Rewards of 0 say that it is never near the goal. So it searches, and may pass the goal, but does not stay."""
    ml1 = ML1(family, horizon=HORIZON)
    policy, tasks = policy_of(ml1), stack_parameters(ml1.train_tasks)
    blind = ml1.family.reference_policies(tasks[:20], tasks, HORIZON)["goal-blind expert"]
    unrewarded = scores_of(ml1, lambda step, observation, reward: policy(step, observation, 0 * reward), 20)
    assert unrewarded["success_last"] <= scores_of(ml1, blind, 20)["success_last"] + 0.1


def test_nothing_survives_an_episode_and_worlds_do_not_mix(family: str) -> None:
    ml1 = ML1(family, horizon=80)
    policy, tasks = policy_of(ml1), stack_parameters(ml1.test_tasks[:5])
    first = actions_of(ml1, tasks, policy)
    assert first.dtype == torch.float64
    actions_of(ml1, tasks.flip(0), policy)
    assert torch.equal(actions_of(ml1, tasks, policy), first)
    alone = actions_of(ml1, tasks[2:3], policy)
    torch.testing.assert_close(alone, first[:, 2:3], rtol=0, atol=1e-9)


def test_a_visible_goal_is_not_looked_at(family: str) -> None:
    hidden, visible = (ML1(family, horizon=80, goal=goal) for goal in ("hidden", "visible"))
    tasks = stack_parameters(hidden.test_tasks[:5])
    actions = [actions_of(ml1, tasks, policy_of(ml1)) for ml1 in (hidden, visible)]
    assert torch.equal(*actions)
