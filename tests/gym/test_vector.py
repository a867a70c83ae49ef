from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv

from mlrun import ML1
from mlrun.gym.vector import SawyerVectorEnv

WORLDS, HORIZON = 3, 4


def made(family: str = "reach", num_envs: int = WORLDS, horizon: int = HORIZON, **options: Any) -> SawyerVectorEnv:
    env = gymnasium.make_vec(f"mlrun.gym:mlrun/{family}-v3", num_envs, horizon=horizon, **options)
    assert isinstance(env, SawyerVectorEnv)
    return env


def equal(left: Any, right: Any) -> bool:
    """Whether two environments returned the same, bit for bit and with the same types."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    if left is None:
        return right is None
    if left.dtype == object:
        return all(map(equal, left, right))
    return left.dtype == right.dtype and np.array_equal(left, right)


@pytest.mark.parametrize("family", ["reach", "push", "pick-place"])
@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_it_does_what_gymnasium_s_vector_of_single_environments_does(family: str, mode: AutoresetMode) -> None:
    """Tasks by seed, trajectories, autoresets and infos are the same, also when episodes end at different steps."""
    theirs: VectorEnv = gymnasium.make_vec(
        f"mlrun.gym:mlrun/{family}-v3",
        WORLDS,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": mode},
        horizon=HORIZON,
    )
    ours = made(family, autoreset_mode=mode)
    assert ours.metadata["autoreset_mode"] is mode
    assert equal(ours.reset(seed=11), theirs.reset(seed=11))
    random = np.random.default_rng(0)
    for step in range(3 * HORIZON):
        action = random.uniform(-1, 1, (WORLDS, 4)).astype(np.float32)
        assert equal(ours.step(action), theirs.step(action)), f"step {step}"
        if step == 1:
            some = np.array([False, True, False])
            assert equal(*(env.reset(options={"reset_mask": some}) for env in (ours, theirs)))


def test_spaces_are_batches() -> None:
    env = made()
    assert env.observation_space.shape == (WORLDS, 39)
    assert env.action_space.shape == (WORLDS, 4)
    observation, _ = env.reset()
    assert observation in env.observation_space
    assert env.step(env.action_space.sample())[0] in env.observation_space


def test_without_autoreset_the_caller_resets() -> None:
    env = made(autoreset_mode="Disabled")
    still = np.zeros((WORLDS, 4), dtype=np.float32)
    env.reset()
    env.step(still)
    some = np.array([True, False, False])
    env.reset(options={"reset_mask": some})
    for _ in range(HORIZON - 2):
        env.step(still)
    truncated = env.step(still)[3]
    assert np.array_equal(truncated, ~some)
    with pytest.raises(ResetNeeded, match="world 1 has no episode, or it is over"):
        env.step(still)
    env.reset(options={"reset_mask": truncated})
    assert np.array_equal(env.step(still)[3], some)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_step_needs_an_episode_in_every_world(mode: AutoresetMode) -> None:
    env = made(autoreset_mode=mode)
    still = np.zeros((WORLDS, 4), dtype=np.float32)
    with pytest.raises(ResetNeeded, match="world 0"):
        env.step(still)
    env.reset(options={"reset_mask": np.array([True, False, True])})
    with pytest.raises(ResetNeeded, match="world 1"):
        env.step(still)
    env.reset()
    env.set_tasks([0, 1, 2])
    with pytest.raises(ResetNeeded, match="world 0"):
        env.step(still)


def test_tasks_are_given_to_all_or_to_each() -> None:
    env, tasks = made(goal="visible", num_envs=6), ML1("reach-v3").train_tasks
    goals = np.array([task.parameters[3:] for task in tasks])
    numbers = np.array([task.parameters for task in tasks[:6]])
    assert (env.reset(options={"task": tasks[7]})[0][:, 36:] == goals[7]).all()
    assert (env.reset(options={"task": tasks[7].parameters})[0][:, 36:] == goals[7]).all()
    assert (env.reset(options={"tasks": numbers})[0][:, 36:] == goals[:6]).all()
    env.set_tasks([tasks[9], 8, tasks[7].parameters, 6, 5, 4])
    for seed in range(2):
        assert (env.reset(seed=seed)[0][:, 36:] == goals[[9, 8, 7, 6, 5, 4]]).all()
    for _ in range(HORIZON):
        env.step(env.action_space.sample())
    observation = env.step(env.action_space.sample())[0]
    assert (observation[:, 36:] == goals[[9, 8, 7, 6, 5, 4]]).all(), "an autoreset drew other tasks"


def test_seeds_per_world() -> None:
    env = made(goal="visible")
    goals = env.reset(seed=[5, 9, 5])[0][:, 36:]
    assert (goals[0] == goals[2]).all()
    assert (goals[0] != goals[1]).any()
    assert (env.reset(seed=[5, 9, None])[0][:2, 36:] == goals[:2]).all()


def test_each_world_has_the_seed_of_its_generator() -> None:
    env, alone = made(), gymnasium.make("mlrun.gym:mlrun/reach-v3")
    assert len(set(env.np_random_seed)) == WORLDS
    env.reset(seed=5)
    assert env.np_random_seed == (5, 6, 7)
    alone.reset(seed=6)
    assert env.np_random[1].bit_generator.state == alone.unwrapped.np_random.bit_generator.state
    env.reset(seed=[9, None, 9], options={"reset_mask": np.array([True, True, False])})
    assert env.np_random_seed == (9, 6, 7)


def test_a_copy_has_all_but_the_episodes(copied: Callable[[SawyerVectorEnv], SawyerVectorEnv]) -> None:
    env = made("push", goal="visible", autoreset_mode="SameStep", num_threads=1)
    env.reset(seed=4)
    still = np.zeros((WORLDS, 4), dtype=np.float32)
    again = copied(env)
    with pytest.raises(ResetNeeded):
        again.step(still)
    assert (again.spec, again.metadata) == (env.spec, env.metadata)
    assert equal(env.reset(), again.reset())
    for _ in range(2 * HORIZON):
        assert equal(env.step(still), again.step(still))
    env.set_tasks([7, 8, 9])
    assert equal(env.reset(), copied(env).reset())


def test_results_belong_to_the_caller() -> None:
    env = made(autoreset_mode="Disabled")
    env.reset(options={"task": 0})
    still = np.zeros((WORLDS, 4), dtype=np.float32)
    observation, reward, _, _, infos = env.step(still)
    kept = observation.copy()
    for array in (reward, *infos.values()):
        before = [other.copy() for other in infos.values() if other is not array]
        array[:] = 0
        assert equal(tuple(before), tuple(other for other in infos.values() if other is not array))
    observation[:] = np.nan
    again, _ = env.reset(options={"task": 0, "reset_mask": np.array([True, False, False])})
    assert np.array_equal(again[1:], kept[1:])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": [0, 1]}, "tasks must be 3, one per world, not 2"),
        ({"tasks": [0, 1, 50]}, "index from 0 to 49, not 50"),
        ({"task": 0, "tasks": [0, 1, 2]}, "not both"),
        ({"task": (0.0,) * 6}, r"task\[1\] must be from 0.6"),
        ({"mask": [True] * 3}, "unknown reset option 'mask'"),
        ({"reset_mask": [True, False]}, "reset_mask must be 3 truth values"),
        ({"reset_mask": [False] * 3}, "one or more of them true"),
        ({"reset_mask": [0, 1, 2]}, "reset_mask must be 3 truth values"),
    ],
)
def test_impossible_reset_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made().reset(options=options)


def test_a_refused_reset_changes_nothing() -> None:
    env, same = made(), made()
    env.reset(seed=3)
    same.reset(seed=3)
    with pytest.raises(ValueError, match="index"):
        env.reset(seed=4, options={"task": 99})
    action = env.action_space.sample()
    assert equal(env.step(action), same.step(action))


def test_seeds_must_fit() -> None:
    env = made()
    with pytest.raises(ValueError, match="seed must be one number, or 3, one per world, not 2"):
        env.reset(seed=[1, 2])
    before = env.np_random_seed
    with pytest.raises(gymnasium.error.Error, match="greater or equal to zero"):
        env.reset(seed=[1, 2, -5])
    assert env.np_random_seed == before


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (np.zeros(4), r"shape \(3, 4\), not \(4,\)"),
        (np.full((WORLDS, 4), np.nan), "finite, not nan"),
    ],
)
def test_impossible_actions_are_refused(actions: np.ndarray, message: str) -> None:
    env = made()
    env.reset()
    with pytest.raises(ValueError, match=message):
        env.step(actions)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_envs": 0}, "the number of worlds must be at least 1, not 0"),
        ({"num_threads": 10_000}, "threads must be at most [0-9]+, the cores of this machine, not 10000"),
        ({"num_threads": -1}, "threads must be at least 0, not -1"),
        ({"autoreset_mode": "Never"}, "autoreset_mode must be one of 'NextStep', 'SameStep', 'Disabled', not 'Never'"),
    ],
)
def test_impossible_arguments_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(**options)


@pytest.mark.parametrize("options", [{"num_envs": 2.0}, {"num_envs": "2"}, {"num_threads": 1.0}])
def test_numbers_of_worlds_and_threads_are_whole(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        SawyerVectorEnv(ML1(), ML1().train_tasks, **{"num_envs": np.int64(2), **options})


def test_the_api_makes_the_same(reach: ML1) -> None:
    ours, made_by_id = reach.make_vec(2, split="test"), made(num_envs=2, horizon=reach.horizon, split="test")
    assert equal(ours.reset(seed=1), made_by_id.reset(seed=1))
    action = ours.action_space.sample()
    assert equal(ours.step(action), made_by_id.step(action))
