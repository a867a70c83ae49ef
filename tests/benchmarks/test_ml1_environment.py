import numpy as np
import pytest
import torch
from torch import Tensor

from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.benchmarks.ml1.environment import SawyerEnvironment

STEPS = 120


@pytest.fixture(scope="module")
def actions(recording: dict[str, np.ndarray]) -> Tensor:
    """(episodes, steps, 4); the last two episodes handle the puck, where the least difference would grow."""
    return torch.from_numpy(recording["actions"][:, :STEPS])


@pytest.fixture(scope="module")
def parameters(recording: dict[str, np.ndarray]) -> Tensor:
    return torch.from_numpy(recording["task_parameters"])


def parameters_of(reach: ML1, count: int) -> Tensor:
    return torch.tensor([task.parameters for task in reach.train_tasks[:count]], dtype=torch.float64)


def play(environment: SawyerEnvironment, parameters: Tensor, actions: Tensor) -> Tensor:
    """Observations and rewards of an episode, (worlds, steps, 40)."""
    environment.reset(parameters)
    steps = [environment.step(action) for action in actions.unbind(1)]
    return torch.stack([torch.cat((step.observation, step.reward[:, None]), dim=1) for step in steps], dim=1)


@pytest.mark.parametrize(("num_worlds", "num_threads"), [(1, 1), (5, 2), (33, 2)])
def test_a_world_does_not_depend_on_the_batch(
    num_worlds: int, num_threads: int, reach: ML1, parameters: Tensor, actions: Tensor
) -> None:
    alone = play(reach.make_environment(1, 1), parameters[-1:], actions[-1:])
    generator = torch.Generator().manual_seed(num_worlds)
    neighbours = 2 * torch.rand(num_worlds, STEPS, 4, generator=generator) - 1
    tasks = parameters_of(reach, num_worlds)
    slot = num_worlds // 2
    neighbours[slot], tasks[slot] = actions[-1], parameters[-1]
    together = play(reach.make_environment(num_worlds, num_threads), tasks, neighbours)
    assert torch.equal(together[slot], alone[0])


def test_nothing_survives_a_reset(reach: ML1, parameters: Tensor, actions: Tensor) -> None:
    environment = reach.make_environment(len(actions))
    first = play(environment, parameters, actions)
    play(environment, parameters.flip(0), actions.flip(0)[:, :50])
    assert torch.equal(play(environment, parameters, actions), first)


def test_the_goal_is_hidden(reach: ML1, actions: Tensor) -> None:
    tasks = parameters_of(reach, 2)
    tasks[1, :3] = tasks[0, :3]
    results = play(reach.make_environment(2), tasks, actions[-2:-1].expand(2, -1, -1))
    assert torch.equal(results[0, :, :39], results[1, :, :39])
    assert not results[..., 36:39].any()
    assert (results[0, :, 39] != results[1, :, 39]).all()


def test_actions_are_clipped(reach: ML1, parameters: Tensor, actions: Tensor) -> None:
    environment = reach.make_environment(len(actions))
    wild = 3 * actions[:, :40]
    assert torch.equal(play(environment, parameters, wild), play(environment, parameters, wild.clamp(-1, 1)))


def test_results_outlive_the_next_step(reach: ML1, parameters: Tensor, actions: Tensor) -> None:
    environment = reach.make_environment(len(actions))
    environment.reset(parameters)
    step = environment.step(actions[:, 0])
    kept = [tensor.clone() for tensor in (step.observation, step.reward, step.success, *step.info.values())]
    environment.step(actions[:, 1])
    after = (step.observation, step.reward, step.success, *step.info.values())
    assert all(torch.equal(*pair) for pair in zip(kept, after, strict=True))


def test_rounded_or_missing_task_parameters_are_refused(reach: ML1, parameters: Tensor) -> None:
    environment = reach.make_environment(3)
    with pytest.raises(ValueError, match=r"must be \(3, 6\) of torch.float64, not \(8, 6\)"):
        environment.reset(parameters)
    with pytest.raises(ValueError, match=r"not \(3, 6\) of torch.float32"):
        environment.reset(parameters[:3].float())
