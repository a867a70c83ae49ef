"""The environment against recordings of the original benchmark."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.benchmarks.protocol import Transition

Replay = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def replay(recording: dict[str, np.ndarray], reach: ML1) -> Replay:
    """All recorded episodes at once, as our environment plays them; (episodes, steps, ...) arrays."""
    actions = torch.from_numpy(recording["actions"])
    environment = reach.make_environment(len(actions))
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


@pytest.mark.parametrize("quantity", ["observations", "rewards", "infos"])
def test_replay_follows_the_original(quantity: str, replay: Replay, recording: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(replay[quantity], recording[quantity], rtol=0, atol=1e-9)


def test_success_is_the_original_s(replay: Replay, recording: dict[str, np.ndarray]) -> None:
    np.testing.assert_array_equal(replay["successes"], recording["infos"][..., 0].astype(bool))


def moved(observations: np.ndarray) -> Iterator[float]:
    puck = observations[:, :, 4:7]
    yield from np.abs(puck - puck[:, :1]).max(axis=(1, 2))


def test_recordings_are_worth_replaying(recording: dict[str, np.ndarray]) -> None:
    """Otherwise agreement would prove little: goals are reached and missed, the puck is pushed, lifted and tilted."""
    kinds, success = recording["kinds"], recording["infos"][..., 0]
    assert success[kinds == "expert"].any(1).all()
    assert not success[kinds == "random"].any()
    pucks = recording["observations"][kinds == "puck"]
    assert min(moved(pucks)) > 0.2
    assert pucks[..., 6].max() > 0.1
    assert (pucks[..., 7:11].argmax(-1) != 3).any()
