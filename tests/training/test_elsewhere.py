"""All that runs on a GPU, on a simulated accelerator: it gives the same numbers, and the host does not wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from tests.training.test_all_algorithms import CASES as ALL_CASES

Elsewhere = Callable[..., Any]
CASES = [(algorithm, on) for algorithm, on in ALL_CASES if on == "navigation2d" or algorithm == "meta-sgd"]
PROBLEMS = ("reach-v3", "push-v3", "pick-place-v3")


def call(name: str, *arguments: Any) -> Any:
    from tests.training import elsewhere  # it registers a device that this process must not have

    return getattr(elsewhere, name)(*arguments)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        yield lambda *arguments: process.submit(call, *arguments).result()


def test_tensors_of_two_devices_do_not_mix(elsewhere: Elsewhere) -> None:
    assert elsewhere("refusal") == "add: a tensor (2,) of the CPU beside one of another device"


@pytest.mark.parametrize(("algorithm", "benchmark"), CASES)
def test_every_algorithm_learns_the_same_on_the_accelerator(
    elsewhere: Elsewhere, algorithm: str, benchmark: str
) -> None:
    assert elsewhere("difference", algorithm, benchmark) == []


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_task_family_gives_the_same_on_the_accelerator(elsewhere: Elsewhere, problem: str) -> None:
    assert elsewhere("difference_with_worlds", problem) == []


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_step_waits_for_nothing_but_worlds_on_the_cpu(elsewhere: Elsewhere, problem: str) -> None:
    assert elsewhere("waits_per_step", problem, "warp") == {}
    assert elsewhere("waits_per_step", problem, "cpu") == {"_to_copy": 1}  # the actions


@pytest.mark.parametrize(("problem", "launches"), [("reach-v3", 50), ("push-v3", 102), ("pick-place-v3", 107)])
def test_a_step_launches_as_many_operations_as_the_docs_say(elsewhere: Elsewhere, problem: str, launches: int) -> None:
    assert elsewhere("launches_per_step", problem) == launches


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_same_holds_with_the_worlds_of_mujoco_warp(elsewhere: Elsewhere, problem: str) -> None:
    assert elsewhere("difference_with_warp", problem) == []
    assert elsewhere("waits_per_step_with_warp", problem) == {}
