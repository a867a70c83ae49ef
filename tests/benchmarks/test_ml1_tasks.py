import json

import numpy as np
import pytest

from mlrun.benchmarks import benchmarks
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.task import Task
from mlrun.config.benchmarks import ML1Config
from tests.benchmarks.conftest import Recording


@pytest.mark.parametrize("seed", [0, 1, 42])
@pytest.mark.parametrize("split", ["train", "test"])
def test_task_lists_are_the_original_s(seed: int, split: str, problem: str, recording: Recording) -> None:
    ml1 = ML1(problem, seed=seed)
    tasks = {"train": ml1.train_tasks, "test": ml1.test_tasks}[split]
    np.testing.assert_array_equal([task.parameters for task in tasks], recording[f"{split}_tasks_{seed}"])
    assert [(task.index, task.split) for task in tasks] == [(index, split) for index in range(50)]


def test_no_test_goal_is_trained_on(reach: ML1) -> None:
    assert not {task.parameters for task in reach.train_tasks} & {task.parameters for task in reach.test_tasks}


def test_tasks_survive_json(reach: ML1) -> None:
    text = json.dumps([task.to_dict() for task in reach.test_tasks])
    assert [Task.from_dict(data) for data in json.loads(text)] == reach.test_tasks


def test_every_problem_is_registered(problem: str) -> None:
    name = f"ml1/{problem}"
    assert benchmarks.load(name)(ML1Config.model_validate({"name": name})).name == name
