import importlib
import json
import math
import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest

from mlrun import ML1
from mlrun.benchmarks import benchmarks
from mlrun.benchmarks.task import Task
from mlrun.config.benchmarks import ML1Config
from mlrun.registry import UnknownNameError
from mlrun.task_families import ML1_NAMES
from tests.benchmarks.metaworld.conftest import Recording

START, GOAL = slice(0, 3), slice(3, 6)


@pytest.mark.parametrize("name", ["pick-place-v3", "ml1/pick-place-v3"])
def test_a_family_has_a_short_and_a_registered_name(name: str) -> None:
    assert ML1(name).name == "ml1/pick-place-v3"


@pytest.mark.parametrize("name", ["reach-v2", "ml1/reech-v3"])
def test_an_unknown_family_gets_the_choices_and_the_nearest(name: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        ML1(name)
    assert str(caught.value) == (
        f"unknown ML1 problem {name!r}; did you mean 'reach-v3'? (choices: 'pick-place-v3', 'push-v3', 'reach-v3')"
    )


def described(ml1: ML1) -> dict[str, Any]:
    return {**vars(ml1), "family": (type(ml1.family), vars(ml1.family))}


def test_defaults_are_those_of_a_configuration() -> None:
    assert described(ML1()) == described(ML1.from_config(ML1Config()))


def test_a_configuration_says_the_same_as_arguments() -> None:
    config = ML1Config(name="ml1/push-v3", seed=3, num_tasks=2, horizon=7, goal="visible", reward="v1")
    ml1 = ML1("push-v3", seed=3, num_tasks=2, horizon=7, goal="visible", reward="v1")
    assert described(ML1.from_config(config)) == described(ml1)


def test_whole_numbers_may_be_those_of_numpy() -> None:
    plain: dict[str, Any] = {"seed": 3, "num_tasks": 2, "horizon": 7}
    numpys: dict[str, Any] = {name: np.int64(value) for name, value in plain.items()}
    assert described(ML1(**numpys)) == described(ML1(**plain))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed must be at least 0, not -1"),
        ({"num_tasks": 2.5}, "num_tasks must be a whole number, not 2.5"),
        ({"horizon": 501}, "horizon must be at most 500, not 501"),
        ({"goal": "seen"}, "goal must be 'hidden' or 'visible', not 'seen'"),
        ({"horizon": 0, "reward": "v3"}, "horizon must be at least 1, not 0\nreward must be 'v2' or 'v1', not 'v3'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        ML1("reach-v3", **options)


@pytest.mark.parametrize(
    ("worlds", "threads", "message"),
    [
        (0, 1, "the number of worlds must be at least 1, not 0"),
        (2, 9999, "the number of threads must be at most [0-9]+, the cores of this machine, not 9999"),
        (2, -1, "the number of threads must be at least 0, not -1"),
    ],
)
def test_environments_that_make_no_sense_are_refused(worlds: int, threads: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ML1().make_worlds(worlds, threads)


def test_every_list_of_families_has_the_same_ones() -> None:
    registered = {name for name in benchmarks.names() if issubclass(benchmarks.entry(name).config, ML1Config)}
    importlib.import_module("mlrun.gym")
    gymnasiums = {name.replace("mlrun/", "ml1/") for name in gymnasium.registry if name.startswith("mlrun/")}
    choices = set(ML1Config.model_json_schema()["properties"]["name"]["enum"])
    assert registered == gymnasiums == choices == set(ML1_NAMES)


def test_the_package_itself_loads_nothing() -> None:
    program = "import sys, mlrun\nprint({'torch', 'mujoco', 'gymnasium', 'numpy'} & sys.modules.keys(), mlrun.ML1)"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "set() <class 'mlrun.gym.ml1.ML1'>"


def test_the_package_has_no_other_names() -> None:
    import mlrun

    with pytest.raises(AttributeError, match="module 'mlrun' has no attribute 'ML2'"):
        _ = mlrun.ML2  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("seed", [0, 1, 42])
@pytest.mark.parametrize("split", ["train", "test"])
def test_task_lists_are_the_original_s(seed: int, split: str, family: str, recording: Recording) -> None:
    ml1 = ML1(family, seed=seed)
    tasks = {"train": ml1.train_tasks, "test": ml1.test_tasks}[split]
    np.testing.assert_array_equal([task.parameters for task in tasks], recording[f"{split}_tasks_{seed}"])
    assert [(task.index, task.split) for task in tasks] == [(index, split) for index in range(50)]


def test_no_test_goal_is_trained_on(reach: ML1) -> None:
    assert not {task.parameters for task in reach.train_tasks} & {task.parameters for task in reach.test_tasks}


def test_tasks_survive_json(reach: ML1) -> None:
    text = json.dumps([task.to_dict() for task in reach.test_tasks])
    assert [Task.from_dict(data) for data in json.loads(text)] == reach.test_tasks


def test_every_family_is_registered(family: str) -> None:
    name = f"ml1/{family}"
    assert benchmarks.load(name)(ML1Config.model_validate({"name": name})).name == name


class TestRecombined:
    """Training draws every start with every goal of its list."""

    def test_it_draws_all_pairs_that_the_family_accepts(self) -> None:
        benchmark = ML1("push-v3", num_tasks=6, recombine=True)
        starts, goals = ({task.parameters[part] for task in benchmark.train_tasks} for part in (START, GOAL))
        tasks = benchmark.draw_tasks(10_000, np.random.default_rng(0))
        drawn = {task.parameters for task in tasks}
        pairs = {start + goal for start in starts for goal in goals}
        assert drawn == {pair for pair in pairs if math.dist(pair[:2], pair[3:5]) >= 0.15}
        assert drawn > {task.parameters for task in benchmark.train_tasks}
        assert len(drawn) < len(pairs)

    def test_a_draw_has_no_task_twice_if_there_are_enough(self) -> None:
        benchmark = ML1("push-v3", recombine=True)
        tasks = benchmark.draw_tasks(500, np.random.default_rng(0))
        assert len({task.parameters for task in tasks}) == 500
        assert [task.index for task in tasks] == list(range(500))
        assert tasks == benchmark.draw_tasks(500, np.random.default_rng(0))

    def test_the_lists_stay_as_they_are(self) -> None:
        one, other = ML1("push-v3", recombine=True), ML1("push-v3")
        assert one.train_tasks == other.train_tasks
        assert one.test_tasks == other.test_tasks

    def test_a_start_says_nothing_of_the_goal(self) -> None:
        tasks = ML1("push-v3", recombine=True).draw_tasks(2_000, np.random.default_rng(0))
        goals_of: dict[Any, set[Any]] = {}
        for task in tasks:
            goals_of.setdefault(task.parameters[START], set()).add(task.parameters[GOAL])
        assert min(map(len, goals_of.values())) > 10
