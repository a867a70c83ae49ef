from typing import Any

import pytest

from mlrun.benchmarks import benchmarks
from tests.config.conftest import MINIMAL, Complain, Load


@pytest.mark.parametrize(
    ("overrides", "path", "expected"),
    [
        (["seed=7"], "seed", 7),
        (["seed=7", "seed=8"], "seed", 8),
        (["algorithm.inner.learning_rate=1e-3"], "algorithm.inner.learning_rate", 0.001),
        (["algorithm.inner.learning_rate=1"], "algorithm.inner.learning_rate", 1.0),
        (["policy.hidden_sizes=[32,16]"], "policy.hidden_sizes", (32, 16)),
        (["name=on"], "name", "on"),
        (["name='5'"], "name", "5"),
        (["name=a", "name="], "name", None),
        (["name = a"], "name", "a"),
        (["algorithm={name: maml, inner: {steps: 4}}"], "algorithm.inner.steps", 4),
        (["algorithm.inner=3", "algorithm.inner.steps=2"], "algorithm.inner.steps", 2),
        (["algorithm.inner.steps=2", "algorithm.inner={learning_rate: 0.5}"], "algorithm.inner.steps", 1),
    ],
)
def test_value_is_replaced(overrides: list[str], path: str, expected: Any, load: Load) -> None:
    value: Any = load(MINIMAL, *overrides)
    for key in path.split("."):
        value = getattr(value, key)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("seed=abc", "seed: must be a whole number, not 'abc'"),
        ("seed=", "seed: must be a whole number, not empty"),
        ("seed=1.5", "seed: must be a whole number, not 1.5"),
        ("seed=true", "seed: must be a whole number, not true"),
        ("algorithm.inner=3", "algorithm.inner: must be a section of 'key: value' lines, not 3"),
        ("benchmark=3", "benchmark: must be a section of 'key: value' lines, not 3"),
        (
            "benchmark={}",
            "benchmark.name: missing; write 'name', one of: " + ", ".join(benchmarks.names()),
        ),
        ("algorithm.inner.lerning_rate=1", "algorithm.inner.lerning_rate: unknown key; did you mean 'learning_rate'?"),
        ("algoritm.inner.steps=2", "algoritm: unknown key; did you mean 'algorithm'?"),
        ("seed.x=1", "seed: must be a whole number, not a section of keys"),
        ("policy.hidden_sizes.0=3", "policy.hidden_sizes: must be a list such as [a, b], not a section of keys"),
        (
            "training.tasks_per_batch=51",
            "training.tasks_per_batch: must be at most 50, the number of training tasks, not 51",
        ),
        ("policy.initial_std=1e-9", "policy.min_std: must be below initial_std, which is 1e-09, not 1e-06"),
        ("seed={a: 1, a: 1}", "seed.a: the key is written twice; keep one of them"),
        ("seed=[1", "not valid YAML: a bracket that is never closed"),
        ("seed=*x", "anchors and aliases are not supported; write the value out"),
        ("seed", "must look like 'section.key=value', for example 'training.iterations=100'"),
        ("=1", "must look like 'section.key=value', for example 'training.iterations=100'"),
        ("a..b=1", "must look like 'section.key=value', for example 'training.iterations=100'"),
        ("", "must look like 'section.key=value', for example 'training.iterations=100'"),
    ],
)
def test_mistake_is_located_at_the_override(override: str, expected: str, complain: Complain) -> None:
    shown = override or "''"
    assert complain(MINIMAL, override)[0] == f"--set {shown}: {expected}"


def test_mistakes_of_the_file_come_first_then_the_overrides_in_order(complain: Complain) -> None:
    lines = complain("threads: -1\n" + MINIMAL, "seed=x", "device=y", "algorithm.steps=1")
    assert [line.split(": ")[0] for line in lines] == [
        "x.yaml:1",
        "--set seed=x",
        "--set device=y",
        "--set algorithm.steps=1",
    ]


def test_override_repairs_the_file(load: Load) -> None:
    text = MINIMAL.replace("iterations: 3", "iterations: many")
    assert load(text, "training.iterations=4").training.iterations == 4


def test_values_that_the_override_replaced_lend_it_no_line(complain: Complain) -> None:
    text = MINIMAL + "policy:\n  hidden_sizes:\n    - 1\n    - 2\n"
    override = "policy.hidden_sizes=[1, 0]"
    assert complain(text, override) == [f"--set {override}: policy.hidden_sizes[1]: must be at least 1, not 0"]


def test_conflict_is_located_at_the_value_that_was_written_last(complain: Complain) -> None:
    text = MINIMAL + "policy:\n  min_std: 0.2\n"
    (line,) = complain(text, "policy.initial_std=0.1")
    assert line.startswith("--set policy.initial_std=0.1: policy.min_std: must be below initial_std, which is 0.1")
    (line,) = complain(text + "  initial_std: 0.1\n")
    assert line.startswith("x.yaml:8: policy.min_std: ")


def test_too_few_tasks_are_located_where_their_number_is_written(complain: Complain) -> None:
    message = "training.tasks_per_batch: must be at most 5, the number of training tasks, not 20"
    assert complain(MINIMAL, "benchmark.num_tasks=5") == [f"--set benchmark.num_tasks=5: {message}"]
    text = MINIMAL.replace("v3", "v3\n  num_tasks: 5")
    assert complain(text) == [f"x.yaml:3: {message}"]
    assert complain(text + "  tasks_per_batch: 20\n") == [f"x.yaml:8: {message}"]
