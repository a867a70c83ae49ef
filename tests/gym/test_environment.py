import subprocess
import sys
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from mlrun import ML1
from mlrun.benchmarks.task import Task
from mlrun.gym.environment import SawyerEnv

NUMBERS = (0.05, 0.65, 0.02, -0.05, 0.85, 0.2)
STILL = np.zeros(4, dtype=np.float32)


def made(family: str, **options: Any) -> SawyerEnv:
    env = gymnasium.make(f"mlrun.gym:mlrun/{family}-v3", **options)
    assert isinstance(env, SawyerEnv)
    return env


def returns(env: SawyerEnv, action: np.ndarray) -> float:
    """The return of an episode with one repeated action. It tells tasks apart."""
    total, truncated = 0.0, False
    while not truncated:
        _, reward, _, truncated, _ = env.step(action)
        total += reward
    return total


# The bounds are Meta-World's: the puck has none, and a hidden goal is always zero.
@pytest.mark.filterwarnings("ignore:.*A Box observation space m.* value is -?infinity")
@pytest.mark.filterwarnings("ignore:.*A Box observation space maximum and minimum values are equal")
@pytest.mark.parametrize("family", ["reach", "push", "pick-place"])
def test_gymnasium_finds_nothing_wrong(family: str) -> None:
    check_env(made(family, horizon=20), skip_render_check=True)


@pytest.mark.filterwarnings("ignore:.*A Box observation space m")
@pytest.mark.usefixtures("gl")
def test_gymnasium_finds_nothing_wrong_with_pictures() -> None:
    check_env(made("reach", horizon=20))


def test_registering_loads_neither_torch_nor_the_simulator() -> None:
    program = (
        "import sys, gymnasium, mlrun.gym\n"
        "print(gymnasium.spec('mlrun/push-v3').id, {'torch', 'mujoco', 'pydantic'} & sys.modules.keys())"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "mlrun/push-v3 set()"


def test_five_lines_play_an_episode() -> None:
    ml1 = ML1("reach-v3", seed=1)
    env = ml1.make_env(ml1.train_tasks[0])
    observation, info = env.reset()
    truncated = False
    while not truncated:
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        assert observation in env.observation_space
        assert info["unscaled_reward"] == reward > 0
        assert not terminated


def test_an_episode_lasts_for_the_horizon() -> None:
    env = made("reach", horizon=3)
    env.reset()
    assert [env.step(STILL)[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]


@pytest.mark.parametrize(
    "end_episode", [lambda env: None, lambda env: env.set_task(1), lambda env: (env.reset(), returns(env, STILL))]
)
def test_a_step_needs_an_episode(end_episode: Callable[[SawyerEnv], object]) -> None:
    env = made("reach", horizon=2)
    end_episode(env)
    with pytest.raises(ResetNeeded, match=r"call reset\(\) before step"):
        env.step(STILL)
    env.reset()
    env.step(STILL)


def test_the_seed_decides_the_tasks() -> None:
    def first_tasks(seed: int) -> list[float]:
        env = made("reach", horizon=2)
        env.reset(seed=seed)
        drawn = [returns(env, STILL)]
        for _ in range(5):
            env.reset()
            drawn.append(returns(env, STILL))
        return drawn

    drawn = first_tasks(3)
    assert drawn == first_tasks(3)
    assert drawn != first_tasks(4)
    assert len(set(drawn)) > 1


@pytest.mark.parametrize("split", ["train", "test"])
def test_tasks_come_from_the_split(split: str) -> None:
    ml1 = ML1("reach-v3", seed=5, num_tasks=2)
    env = made("reach", seed=5, num_tasks=2, split=split, goal="visible", horizon=1)
    goals = {tuple(env.reset()[0][36:]) for _ in range(20)}
    assert goals == {task.parameters[3:] for task in (ml1.train_tasks if split == "train" else ml1.test_tasks)}


@pytest.mark.parametrize(
    "task_argument",
    [lambda task: task, lambda task: task.index, lambda task: task.parameters, lambda task: np.array(task.parameters)],
)
def test_a_task_can_be_given_in_several_forms(task_argument: Callable[[Task], object]) -> None:
    env, task = made("reach", goal="visible", horizon=1), ML1("reach-v3").train_tasks[7]
    for _ in range(2):
        assert tuple(env.reset(options={"task": task_argument(task)})[0][36:]) == task.parameters[3:]
    goals = {tuple(env.reset(seed=seed)[0][36:]) for seed in range(9)}
    assert goals != {task.parameters[3:]}, "the option had an effect beyond its episode"
    env.set_task(task_argument(task))  # pyright: ignore[reportArgumentType]
    assert {tuple(env.reset(seed=seed)[0][36:]) for seed in range(9)} == {task.parameters[3:]}


def test_a_copy_has_all_but_the_episode(copied: Callable[[SawyerEnv], SawyerEnv]) -> None:
    env = made("push", horizon=3, goal="visible", render_mode="rgb_array")
    env.reset(seed=4)
    env.step(STILL)
    again = copied(env)
    with pytest.raises(ResetNeeded):
        again.step(STILL)
    assert (again.spec, again.render_mode) == (env.spec, "rgb_array")
    for _ in range(3):
        assert np.array_equal(env.reset()[0], again.reset()[0])
        assert np.array_equal(env.step(STILL)[0], again.step(STILL)[0])
    env.set_task(7)
    assert np.array_equal(env.reset(seed=1)[0], copied(env).reset(seed=2)[0])


def test_make_env_keeps_its_task() -> None:
    visible = ML1("reach-v3", goal="visible")
    env = visible.make_env(visible.test_tasks[3])
    goals = {tuple(env.reset(seed=seed)[0][36:]) for seed in range(5)}
    assert goals == {visible.test_tasks[3].parameters[3:]}


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (50, "index from 0 to 49, not 50"),
        (-1, "index from 0 to 49, not -1"),
        (True, r"6 numbers, puck xyz and goal xyz, not shape \(\)"),
        ((0.0,) * 5, r"6 numbers, puck xyz and goal xyz, not shape \(5,\)"),
        (np.zeros((1, 6)), r"not shape \(1, 6\)"),
        ((*NUMBERS[:5], 0.31), r"task\[5\] must be from 0.05 to 0.3 metres, not 0.31"),
        ((np.nan, *NUMBERS[1:]), r"task\[0\] must be from -0.1 to 0.1 metres, not nan"),
    ],
)
def test_an_impossible_task_is_refused(task: object, message: str) -> None:
    env = made("reach")
    with pytest.raises(ValueError, match=message):
        env.reset(options={"task": task})
    with pytest.raises(ValueError, match=message):
        env.set_task(task)  # pyright: ignore[reportArgumentType]


def test_a_task_of_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match=r"task\[5\] must be from 0.05"):
        ML1("reach-v3").make_env(ML1("push-v3").train_tasks[0])


def test_an_index_is_no_task_where_there_is_no_list(reach: ML1) -> None:
    with pytest.raises(ValueError, match="task must be a Task or its 6 numbers"):
        reach.make_env(3)  # pyright: ignore[reportArgumentType]


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown reset option 'taks'; did you mean 'task'\? \(choices: 'task'\)"):
        made("reach").reset(options={"taks": 3})


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros(3), r"shape \(4,\), not \(3,\)"),
        (np.zeros((1, 4)), r"shape \(4,\), not \(1, 4\)"),
        ([0.0, np.nan, 0.0, 0.0], "finite, not nan"),
        ([0.0, 0.0, 0.0, np.inf], "finite, not inf"),
    ],
)
def test_an_impossible_action_is_refused(action: object, message: str) -> None:
    env = made("reach")
    env.reset()
    with pytest.raises(ValueError, match=message):
        env.step(action)  # pyright: ignore[reportArgumentType]


def test_actions_are_clipped_and_left_alone() -> None:
    env = made("reach", horizon=4)
    wild = np.array([3.0, -2.0, 1.5, 7.0], dtype=np.float32)
    wild.flags.writeable = False
    results = []
    for action in (wild, wild.clip(-1, 1)):
        env.reset(options={"task": NUMBERS})
        results.append([env.step(action)[0] for _ in range(4)])
    assert np.array_equal(*results)


def test_results_belong_to_the_caller() -> None:
    env = made("push", horizon=9)
    first, _ = env.reset(options={"task": 0})
    kept = first.copy()
    step = env.step(np.ones(4, dtype=np.float32))[0]
    assert np.array_equal(first, kept)
    step[:] = np.nan
    assert np.isfinite(env.step(STILL)[0]).all()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"horizon": 0}, "horizon must be at least 1, not 0"),
        ({"num_tasks": 1.5}, "num_tasks must be a whole number, not 1.5"),
        ({"goal": "seen"}, "goal must be 'hidden' or 'visible', not 'seen'"),
        ({"split": "valid"}, "split must be 'train' or 'test', not 'valid'"),
    ],
)
def test_an_impossible_option_is_refused(option: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made("reach", **option)


def test_an_unknown_render_mode_is_refused(reach: ML1) -> None:
    with pytest.raises(ValueError, match="render_mode must be None or 'rgb_array', not 'ansi'"):
        reach.make_env(reach.train_tasks[0], render_mode="ansi")
