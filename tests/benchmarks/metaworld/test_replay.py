"""Compares the environments with recordings of the original benchmark."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import RewardVersion
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.protocol import Transition
from tests.benchmarks.metaworld.conftest import Recording, load_recording

HANDLED = ["push-v3", "pick-place-v3"]


@pytest.fixture(scope="module", params=["v1", "v2"])
def reward(request: pytest.FixtureRequest) -> RewardVersion:
    return request.param


@pytest.fixture(scope="module")
def replay(family: str, reward: RewardVersion, recording: Recording) -> Recording:
    """All recorded episodes, as our worlds play them: (episodes, steps, ...) arrays."""
    ml1 = ML1(family, reward=reward)
    actions = torch.from_numpy(recording["actions"])
    environment = ml1.make_worlds(len(actions))
    first = environment.reset(torch.from_numpy(recording["task_parameters"]))
    steps: list[Transition] = []
    infos: list[Tensor] = []
    names = recording["info_names"].tolist()
    for action in actions.unbind(1):
        steps.append(environment.step(action))
        info = environment.info()
        assert sorted(names) == sorted(info)
        infos.append(torch.stack([info[name] for name in names], dim=1))
    return {
        "observations": torch.stack([first, *(step.observation for step in steps)], dim=1).numpy(),
        "rewards": torch.stack([step.reward for step in steps], dim=1).numpy(),
        "successes": torch.stack([step.success for step in steps], dim=1).numpy(),
        "infos": torch.stack(infos, dim=1).numpy(),
    }


def test_observations_follow_the_original(replay: Recording, recording: Recording) -> None:
    np.testing.assert_allclose(replay["observations"], recording["observations"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("quantity", ["rewards", "infos"])
def test_rewards_and_infos_follow_the_original(
    quantity: str, reward: str, replay: Recording, recording: Recording
) -> None:
    np.testing.assert_allclose(replay[quantity], recording[f"{quantity}_{reward}"], rtol=0, atol=1e-9)


def test_success_is_the_original_s(reward: str, replay: Recording, recording: Recording) -> None:
    np.testing.assert_array_equal(replay["successes"], info_of(recording, "success", reward).astype(bool))


def info_of(recording: Recording, name: str, reward: str = "v2") -> np.ndarray:
    """One term of the info at every step, (episodes, steps)."""
    return recording[f"infos_{reward}"][..., recording["info_names"].tolist().index(name)]


def test_recordings_reach_goals_and_miss_them(recording: Recording) -> None:
    """Otherwise agreement would prove little."""
    kinds, success = recording["kinds"], info_of(recording, "success")
    assert success[kinds == "expert"].any(1).all()
    assert not success[kinds == "random"].any()


def test_reach_s_recordings_push_lift_and_tilt_the_puck() -> None:
    recording = load_recording("reach-v3")
    handled = recording["observations"][recording["kinds"] == "puck"]
    puck = handled[..., 4:7]
    assert np.abs(puck - puck[:, :1]).max(axis=(1, 2)).min() > 0.2
    assert puck[..., 2].max() > 0.1
    assert (handled[..., 7:11].argmax(-1) != 3).any()


@pytest.mark.parametrize("family", HANDLED)
def test_recordings_win_and_lose_grasps(family: str) -> None:
    recording = load_recording(family)
    grasped = info_of(recording, "grasp_success")[recording["kinds"] == "clumsy"]
    assert (np.diff(grasped) == 1).any()
    assert (np.diff(grasped) == -1).any()
    assert set(np.unique(info_of(recording, "near_object"))) == {0, 1}
    lifted = recording["observations"][:, 1:, 6] - 0.02 > recording["observations"][:, :1, 6]
    assert (lifted & (info_of(recording, "grasp_success") == 0)).any()


@pytest.mark.parametrize("family", HANDLED)
def test_recordings_come_to_every_case_of_the_rewards(family: str) -> None:
    """Half closed fingers around the puck matter because the original then computes with the action's float32."""
    recording = load_recording(family)
    effort, quality = recording["actions"][..., 3], info_of(recording, "grasp_reward")
    assert ((quality > 0.5) & (effort > 0) & (effort < 1)).sum() > 50
    reward = recording["rewards_v2"]
    assert (reward == 10).any()
    assert ((reward > 2) & (reward < 10)).any()
    assert (reward < 1).any()
    assert recording["rewards_v1"].max() > 1000
    assert recording["rewards_v1"].min() < 0
