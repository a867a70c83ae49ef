"""What networks see of rewards."""

from __future__ import annotations

import pytest
import torch

from mlrun.learner import expand_to_tasks
from mlrun.randomness import RandomKey
from mlrun.rl.advantages import Sharpening
from mlrun.rl.belief import BeliefPolicy
from mlrun.rl.policy import PolicyInputs
from mlrun.rl.recurrent import RecurrentNetwork, RecurrentPolicy
from mlrun.rl.reward_inputs import RewardInputs


def test_all_forms_of_the_rewards_are_scaled() -> None:
    rewards, sharpen = torch.tensor([[1.0, 9.0]]), Sharpening(maximum=10.0, offset=0.2)
    seen = RewardInputs(scale=0.1, sharpening=sharpen)
    torch.testing.assert_close(seen.scaled(rewards), 0.1 * torch.stack((rewards, sharpen(rewards)), -1))
    torch.testing.assert_close(RewardInputs(scale=0.1).scaled(rewards), 0.1 * rewards.unsqueeze(-1))


def test_small_changes_are_enlarged_and_large_ones_keep_their_order() -> None:
    seen = RewardInputs(changes=True)
    gains = seen.gains(torch.zeros(5, 1), torch.tensor([[-1.0], [0.0], [0.001], [1.0], [2.0]])).flatten()
    torch.testing.assert_close(gains[1:3], torch.tensor([0.0, 0.05]), rtol=1e-3, atol=0)
    assert -5 < gains[0] < gains[1] < gains[3] < gains[4] < 6


def make_policy(kind: str, rewards: RewardInputs) -> BeliefPolicy | RecurrentPolicy:
    if kind == "recurrent":
        network = RecurrentNetwork(3, 2, 2, memory_size=5, hidden_sizes=(4,), rewards=rewards)
        return RecurrentPolicy(network, initial_std=1.0, min_std=0.1)
    return BeliefPolicy(3, 2, 6, 2, (4,), 5, 1.0, 0.1, rewards=rewards)


@pytest.mark.parametrize("kind", ["belief", "recurrent"])
@pytest.mark.parametrize("changes", [False, True])
def test_the_last_reward_but_one_matters_only_where_changes_are_seen(kind: str, changes: bool, key: RandomKey) -> None:
    """The memory of a recurrent network and the evidence of a belief are set to what they were before both rewards."""
    policy = make_policy(kind, RewardInputs(changes=changes))
    parameters = expand_to_tasks(policy.initial_parameters(key), 1)
    first = policy.initial_memory(parameters, 1)
    unchanged = {name: first[name] for name in ("hidden", "evidence") if name in first}

    def mean_after(rewards: list[float]) -> torch.Tensor:
        mean, memory = torch.zeros(0), first
        for step, reward in enumerate(rewards):
            start = torch.full((1, 1), step == 0)
            inputs = PolicyInputs(torch.full((1, 1, 3), 0.1), torch.zeros(1, 1, 2), torch.tensor([[reward]]), start)
            distribution, memory = policy.step(parameters, inputs, {**memory, **unchanged})
            mean = distribution.mean
        return mean

    assert torch.equal(mean_after([0.0, 0.5, 0.7]), mean_after([0.0, 0.6, 0.7])) == (not changes)
