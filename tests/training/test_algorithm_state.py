import copy
from collections import OrderedDict

import pytest
import torch

from mlrun.errors import CheckpointError
from mlrun.randomness import RandomKey
from mlrun.training.algorithm_state import restore, state_of
from mlrun.training.build import build_algorithm, build_benchmark, build_problem
from mlrun.training.device import Placement
from tests.training.test_all_algorithms import experiment


def build():
    what = experiment("maml", "sinusoid", 1)
    benchmark, algorithm = build_benchmark(what), build_algorithm(what)
    problem = build_problem(what, benchmark, what.training_data, Placement("cpu", "cpu"))
    algorithm.initialise(problem, RandomKey(0, 0, "parameters"))
    return algorithm, problem, benchmark.train_tasks[:2]


@pytest.fixture(scope="module")
def saved():
    algorithm, problem, tasks = build()
    algorithm.update(problem, tasks, RandomKey(0, 1, "update"))
    return algorithm.state_dict()


def test_a_restored_algorithm_has_the_saved_state(saved):
    algorithm, *_ = build()
    restore(algorithm, copy.deepcopy(saved), "cpu")
    assert str(algorithm.state_dict()) == str(saved)


def test_a_state_stays_as_it_was_when_the_algorithm_changes_in_place():
    algorithm, *_ = build()
    state = state_of(algorithm)
    before = str(state)
    for tensor in algorithm.state_dict()["parameters"].values():
        tensor += 1
    assert str(state) == before


def test_an_ordered_dict_is_restored_like_a_dict(saved):
    algorithm, *_ = build()
    restore(algorithm, OrderedDict(saved, parameters=OrderedDict(saved["parameters"])), "cpu")
    assert str(algorithm.state_dict()) == str(saved)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("parameters", "0.bias"), torch.zeros(7), "'0.bias'.* is \\(7,\\) of torch.float32, not \\(6,\\)"),
        (("parameters", "0.bias"), torch.zeros(6, dtype=torch.float64), "float64"),
        (("parameters", "0.bias"), [0.0], "is a list"),
        (("parameters", "more"), torch.zeros(1), "has 'more'"),
        (("parameters",), {}, "has no '"),
        (("outer", "state", 0, "exp_avg"), torch.zeros(7), "Adam"),
        (("outer", "state", 0), {}, "Adam"),
        (("outer",), 3, "is a int"),
    ],
)
def test_a_state_of_another_form_is_refused(saved, path, value, said):
    state = section = copy.deepcopy(saved)
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    with pytest.raises(CheckpointError, match=f"does not fit its experiment: .*{said}"):
        restore(build()[0], state, "cpu")
