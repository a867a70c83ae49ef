"""Control steps per second of an environment, and its share of the speed of the physics engine alone."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from mlrun.bench.physics_alone import PhysicsAlone, commands, random_actions, task_parameters
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.simulation.threads import one_torch_thread

EPISODE: int = 50  # control steps


def sweep(benchmark: ML1, worlds: Sequence[int], threads: Sequence[int], seconds: float = 2.0) -> list[dict[str, Any]]:
    """Measures the throughput with all numbers of threads and worlds. The number of worlds varies fastest."""
    return [throughput(benchmark, count, threads_of_it, seconds) for threads_of_it in threads for count in worlds]


def throughput(benchmark: ML1, num_worlds: int, num_threads: int, seconds: float = 2.0) -> dict[str, Any]:
    """Times the environment (action in; observation, reward and success out) and the physics alone.

    Both run the same random actions from the same states, and take turns after every control step. Between machines,
    compare the share, not the speeds.

    Args:
        benchmark: makes the environment.
        num_worlds: number of worlds of each of the two.
        num_threads: physics threads; 0 means one per core.
        seconds: how long to measure, rounded up to whole episodes.

    Returns:
        Numbers of worlds and threads; control steps per second of both, summed over worlds; and the environment's share
        of the physics' speed.
    """
    environment = benchmark.make_worlds(num_worlds, num_threads)
    alone = PhysicsAlone(benchmark.family, num_worlds, num_threads)
    parameters = task_parameters(benchmark.train_tasks, num_worlds)
    actions = random_actions(EPISODE, num_worlds)
    spent, steps = np.zeros(2), 0
    with one_torch_thread():
        _race(environment, alone, parameters, actions[:2])  # first calls allocate
        while spent.sum() < seconds:
            spent += _race(environment, alone, parameters, actions)
            steps += EPISODE * num_worlds
    return {
        "worlds": num_worlds,
        "threads": num_threads or alone.batch.nthread,
        "steps_per_second": float(steps / spent[0]),
        "physics_steps_per_second": float(steps / spent[1]),
        "share_of_physics": float(spent[1] / spent[0]),
    }


def _race(environment: ManipulationWorlds, alone: PhysicsAlone, parameters: Tensor, actions: Tensor) -> np.ndarray:
    """Seconds of one episode in the environment and in the physics alone, ``(2,)``. The two take turns."""
    environment.reset(parameters)
    alone.reset(parameters)
    spent = np.zeros(2)
    for action, (target, gripper) in zip(actions, commands(alone.family, actions), strict=True):
        start = time.perf_counter()
        environment.step(action)
        spent += time.perf_counter() - start, alone.step(target, gripper)
    return spent
