import pytest
import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import RewardVersion
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from tests.benchmarks.metaworld.conftest import FAMILIES, load_recording

FAMILY = "pick-place-v3"  # its actions handle the puck, where the least difference would grow
STEPS = 120


@pytest.fixture(scope="module")
def ml1() -> ML1:
    return ML1(FAMILY)


@pytest.fixture(scope="module")
def actions() -> Tensor:
    """(episodes, steps, 4)."""
    return torch.from_numpy(load_recording(FAMILY)["actions"][:, :STEPS])


@pytest.fixture(scope="module")
def parameters() -> Tensor:
    return torch.from_numpy(load_recording(FAMILY)["task_parameters"])


def parameters_of(ml1: ML1, count: int) -> Tensor:
    return torch.tensor([task.parameters for task in ml1.train_tasks[:count]], dtype=torch.float64)


def play(environment: ManipulationWorlds, parameters: Tensor, actions: Tensor) -> Tensor:
    """Observations and rewards of an episode, (worlds, steps, 40)."""
    environment.reset(parameters)
    steps = [environment.step(action) for action in actions.unbind(1)]
    return torch.stack([torch.cat((step.observation, step.reward[:, None]), dim=1) for step in steps], dim=1)


@pytest.mark.parametrize(("num_worlds", "num_threads"), [(1, 1), (5, 2), (33, 2)])
def test_a_world_does_not_depend_on_the_batch(
    num_worlds: int, num_threads: int, ml1: ML1, parameters: Tensor, actions: Tensor
) -> None:
    dropped = -3
    alone = play(ml1.make_worlds(1, 1), parameters[[dropped]], actions[[dropped]])
    generator = torch.Generator().manual_seed(num_worlds)
    neighbours = 2 * torch.rand(num_worlds, STEPS, 4, generator=generator) - 1
    tasks = parameters_of(ml1, num_worlds)
    slot = num_worlds // 2
    neighbours[slot], tasks[slot] = actions[dropped], parameters[dropped]
    together = play(ml1.make_worlds(num_worlds, num_threads), tasks, neighbours)
    assert torch.equal(together[slot], alone[0])


def test_nothing_survives_a_reset(ml1: ML1, parameters: Tensor, actions: Tensor) -> None:
    environment = ml1.make_worlds(len(actions))
    first = play(environment, parameters, actions)
    play(environment, parameters.flip(0), actions.flip(0)[:, :50])
    assert torch.equal(play(environment, parameters, actions), first)


def test_the_goal_is_hidden(reach: ML1, actions: Tensor) -> None:
    tasks = parameters_of(reach, 2)
    tasks[1, :3] = tasks[0, :3]
    results = play(reach.make_worlds(2), tasks, actions[-2:-1].expand(2, -1, -1))
    assert torch.equal(results[0, :, :39], results[1, :, :39])
    assert not results[..., 36:39].any()
    assert (results[0, :, 39] != results[1, :, 39]).all()


def test_actions_are_clipped(ml1: ML1, parameters: Tensor, actions: Tensor) -> None:
    environment = ml1.make_worlds(len(actions))
    wild = 3 * actions[:, :40]
    assert torch.equal(play(environment, parameters, wild), play(environment, parameters, wild.clamp(-1, 1)))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("reward", ["v1", "v2"])
def test_results_outlive_the_next_step(name: str, reward: RewardVersion, actions: Tensor) -> None:
    ml1 = ML1(name, reward=reward)
    environment = ml1.make_worlds(len(actions))
    environment.reset(parameters_of(ml1, len(actions)))
    step = environment.step(actions[:, 0])
    results = (step.observation, step.reward, step.success, *environment.info().values())
    kept = [tensor.clone() for tensor in results]
    environment.step(actions[:, 1])
    assert all(torch.equal(*pair) for pair in zip(kept, results, strict=True))


def test_rounded_or_missing_task_parameters_are_refused(ml1: ML1, parameters: Tensor) -> None:
    environment = ml1.make_worlds(3)
    with pytest.raises(ValueError, match=r"must be \(3, 6\) of torch.float64, not \(7, 6\)"):
        environment.reset(parameters)
    with pytest.raises(ValueError, match=r"not \(3, 6\) of torch.float32"):
        environment.reset(parameters[:3].float())


def test_some_worlds_can_be_reset_while_the_others_go_on(ml1: ML1, parameters: Tensor, actions: Tensor) -> None:
    count, early = len(actions), 30
    some = torch.arange(count) % 2 == 0
    undisturbed = play(ml1.make_worlds(count), parameters, actions)
    environment = ml1.make_worlds(count)
    play(environment, parameters, actions[:, :early])
    unread = torch.where(some[:, None], parameters, torch.nan)
    observation = environment.reset(unread, some)
    assert torch.equal(observation[~some], undisturbed[~some, early - 1, :39])
    following = torch.where(some[:, None, None], actions[:, :20], actions[:, early : early + 20])
    steps = [environment.step(action) for action in following.unbind(1)]
    rewards = torch.stack([step.reward for step in steps], dim=1)
    assert torch.equal(rewards[some], undisturbed[some, :20, 39])
    assert torch.equal(rewards[~some], undisturbed[~some, early : early + 20, 39])


@pytest.mark.parametrize("name", FAMILIES)
def test_a_visible_goal_ends_the_observation(name: str, actions: Tensor) -> None:
    ml1 = ML1(name, goal="visible")
    tasks = parameters_of(ml1, len(actions))
    environment = ml1.make_worlds(len(actions))
    target = ml1.family.target(tasks)
    assert torch.equal(environment.reset(tasks)[:, 36:], target)
    assert torch.equal(environment.step(actions[:, 0]).observation[:, 36:], target)


def test_actions_of_another_shape_are_refused(ml1: ML1, parameters: Tensor) -> None:
    environment = ml1.make_worlds(3)
    environment.reset(parameters[:3])
    with pytest.raises(ValueError, match=r"actions must be \(3, 4\), not \(3, 3\)"):
        environment.step(torch.zeros(3, 3))


def test_there_is_no_info_before_a_step(ml1: ML1, parameters: Tensor) -> None:
    environment = ml1.make_worlds(3)
    environment.reset(parameters[:3])
    with pytest.raises(RuntimeError, match="before the first step"):
        environment.info()
