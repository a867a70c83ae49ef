"""The memory that one world takes."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from mlrun.bench.physics_alone import PhysicsAlone, commands, random_actions, task_parameters
from mlrun.benchmarks import benchmarks
from mlrun.benchmarks.metaworld.ml1 import ML1

_STEPS = 3  # control steps; some memory is taken only at the first step


def memory_per_world(name: str, num_worlds: int = 4000) -> dict[str, Any] | None:
    """Measures the bytes by which the process grows for one more world, in the environment and in the physics alone.

    Each is measured in a fresh process. What counts is how much more many worlds take than a few. So memory that is
    taken once, such as the model and the data of each thread, does not count.

    Args:
        name: registered name of an ML1 benchmark.
        num_worlds: worlds to measure with. Few give a rough result, because memory comes in pages of 4 kB.

    Returns:
        Bytes per world of both, and the difference: what the environment adds. None if there is no /proc to read from.
    """
    if not Path("/proc/self/statm").exists():
        return None
    environment = _in_fresh_process(_growth_of_environment, name, num_worlds)
    physics = _in_fresh_process(_growth_of_physics, name, num_worlds)
    return {
        "worlds": num_worlds,
        "environment_bytes_per_world": environment,
        "physics_bytes_per_world": physics,
        "own_bytes_per_world": environment - physics,
    }


def _in_fresh_process(growth: Callable[[str, int], float], name: str, num_worlds: int) -> float:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(growth, name, num_worlds).result()


def _growth_of_environment(name: str, num_worlds: int) -> float:
    return _growth(partial(_run_environment, _benchmark(name)), num_worlds)


def _growth_of_physics(name: str, num_worlds: int) -> float:
    return _growth(partial(_run_physics, _benchmark(name)), num_worlds)


def _growth(run: Callable[[int], object], num_worlds: int) -> float:
    """Bytes per world. All results are kept alive to the end: otherwise the next run would reuse their memory."""
    few = num_worlds // 8
    kept, resident = [run(1)], [_resident_bytes()]
    for count in (few, num_worlds):
        kept.append(run(count))
        resident.append(_resident_bytes())
    growth_few, growth_many = resident[1] - resident[0], resident[2] - resident[1]
    return (growth_many - growth_few) / (num_worlds - few)


def _run_environment(benchmark: ML1, num_worlds: int) -> object:
    environment = benchmark.make_worlds(num_worlds)
    environment.reset(task_parameters(benchmark.train_tasks, num_worlds))
    for action in random_actions(_STEPS, num_worlds):
        environment.step(action)
    return environment


def _run_physics(benchmark: ML1, num_worlds: int) -> object:
    alone = PhysicsAlone(benchmark.family, num_worlds)
    alone.reset(task_parameters(benchmark.train_tasks, num_worlds))
    for target, gripper in commands(alone.family, random_actions(_STEPS, num_worlds)):
        alone.step(target, gripper)
    return alone


def _benchmark(name: str) -> ML1:
    return benchmarks.load(name)(benchmarks.entry(name).config(name=name))


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
