import numpy as np
import pytest
import torch
from torch import Tensor

from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.benchmarks.ml1.environment import SawyerEnvironment
from mlrun.config.schema import ML1Config

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
    results = (step.observation, step.reward, step.success, *environment.info().values())
    kept = [tensor.clone() for tensor in results]
    environment.step(actions[:, 1])
    assert all(torch.equal(*pair) for pair in zip(kept, results, strict=True))


def test_rounded_or_missing_task_parameters_are_refused(reach: ML1, parameters: Tensor) -> None:
    environment = reach.make_environment(3)
    with pytest.raises(ValueError, match=r"must be \(3, 6\) of torch.float64, not \(8, 6\)"):
        environment.reset(parameters)
    with pytest.raises(ValueError, match=r"not \(3, 6\) of torch.float32"):
        environment.reset(parameters[:3].float())


def test_some_worlds_can_be_reset_while_the_others_go_on(reach: ML1, parameters: Tensor, actions: Tensor) -> None:
    count, early = len(actions), 30
    some = torch.arange(count) % 2 == 0
    undisturbed = play(reach.make_environment(count), parameters, actions)
    environment = reach.make_environment(count)
    play(environment, parameters, actions[:, :early])
    unread = torch.where(some[:, None], parameters, torch.nan)
    observation = environment.reset(unread, some)
    assert torch.equal(observation[~some], undisturbed[~some, early - 1, :39])
    following = torch.where(some[:, None, None], actions[:, :20], actions[:, early : early + 20])
    steps = [environment.step(action) for action in following.unbind(1)]
    rewards = torch.stack([step.reward for step in steps], dim=1)
    assert torch.equal(rewards[some], undisturbed[some, :20, 39])
    assert torch.equal(rewards[~some], undisturbed[~some, early : early + 20, 39])


def test_a_visible_goal_ends_the_observation(parameters: Tensor, actions: Tensor) -> None:
    environment = ML1(ML1Config(goal="visible")).make_environment(len(actions))
    assert torch.equal(environment.reset(parameters)[:, 36:], parameters[:, 3:])
    assert torch.equal(environment.step(actions[:, 0]).observation[:, 36:], parameters[:, 3:])


def test_actions_of_another_shape_are_refused(reach: ML1, parameters: Tensor) -> None:
    environment = reach.make_environment(3)
    environment.reset(parameters[:3])
    with pytest.raises(ValueError, match=r"actions must be \(3, 4\), not \(3, 3\)"):
        environment.step(torch.zeros(3, 3))


def test_there_is_no_info_before_a_step(reach: ML1, parameters: Tensor) -> None:
    environment = reach.make_environment(3)
    environment.reset(parameters[:3])
    with pytest.raises(RuntimeError, match="before the first step"):
        environment.info()
