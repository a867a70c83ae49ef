"""The speed of the environments and of meta-iterations on a GPU, beside the environments on all CPU cores.

Without a GPU, MuJoCo Warp runs on the CPU. That only shows that the code works.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from mlrun.bench.meta_iteration import Recorder, late_key, training_batch
from mlrun.bench.physics_alone import random_actions, task_parameters
from mlrun.bench.throughput import EPISODE, throughput
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.config.schema import EpisodicExperiment
from mlrun.problems.protocol import Problem
from mlrun.training.build import build_benchmark, build_problem, fresh_algorithm
from mlrun.training.device import arithmetic, place

_WORLDS_ON_CPU = (200, 1000)


def gpu_sweep(benchmark: ML1, worlds: Sequence[int], seconds: float = 2.0) -> dict[str, Any]:
    """Measures the throughput on the GPU for each number of worlds, and on all CPU cores.

    The CPU is measured with 200 and with 1000 worlds, and counts with the faster.

    Returns:
        ``cpu``, the result of `mlrun.bench.throughput.throughput`, and ``gpu``, a list in the order of `worlds`.
    """
    on_cpu = (throughput(benchmark, count, 0, seconds) for count in _WORLDS_ON_CPU)
    cpu = max(on_cpu, key=lambda row: row["steps_per_second"])
    rows = [gpu_throughput(benchmark, count, seconds) for count in worlds]
    return {"cpu": cpu, "gpu": [{**row, "over_cpu": row["steps_per_second"] / cpu["steps_per_second"]} for row in rows]}


def gpu_throughput(benchmark: ML1, num_worlds: int, seconds: float = 2.0) -> dict[str, Any]:
    """Times the environment (action in; observation, reward and success out), and then its physics alone.

    Args:
        benchmark: makes the environment.
        num_worlds: number of worlds.
        seconds: how long to measure each of the two, rounded up to whole episodes.

    Returns:
        Control steps per second of both, summed over worlds; the environment's share of the physics' speed; and the
        bytes of GPU memory that all processes use together, None without a GPU.
    """
    environment = benchmark.make_worlds(num_worlds, physics="warp")
    parameters = task_parameters(benchmark.train_tasks, num_worlds)
    actions = random_actions(EPISODE, num_worlds).to(environment.device)
    _play(environment, parameters, actions[:2])  # first calls compile and allocate
    speeds = {
        "steps_per_second": _speed(seconds, lambda: _play(environment, parameters, actions), actions),
        "physics_steps_per_second": _speed(seconds, lambda: _move(environment, actions), actions),
    }
    share = speeds["steps_per_second"] / speeds["physics_steps_per_second"]
    return {"worlds": num_worlds, **speeds, "share_of_physics": share, "memory_bytes": _memory(environment.device)}


def gpu_meta_iteration(experiment: EpisodicExperiment, iterations: int = 5) -> dict[str, Any]:
    """Times meta-iterations, and the physics alone in episodes of the same length.

    Args:
        experiment: what to train, on an ML1 benchmark.
        iterations: meta-iterations to time, after one to warm up.

    Returns:
        The number of worlds, seconds of the median meta-iteration, and the share of each part in it.
    """
    benchmark = cast(ML1, build_benchmark(experiment))
    problem = build_problem(experiment, benchmark, experiment.rollouts.episodes_per_task, place(experiment))
    algorithm = fresh_algorithm(experiment, problem)
    tasks = training_batch(benchmark, experiment)
    worlds = len(tasks) * experiment.rollouts.episodes_per_task
    rounds, episodes = [], 0
    for iteration in range(iterations + 1):
        recorder = Recorder(problem, lambda: _finish(torch.device(problem.device)))
        start = recorder.now()
        with arithmetic(experiment):
            algorithm.update(cast(Problem, recorder), tasks, late_key(experiment, iteration))
        rounds.append(_Round(start, recorder.times, recorder.now()))
        episodes = len(recorder.collected)
    median = sorted(rounds[1:], key=lambda one: one.seconds)[iterations // 2]
    physics = _episode_of_physics(benchmark, worlds) * episodes
    shares = {name: part / median.seconds for name, part in _parts(median, physics).items()}
    return {"worlds": worlds, "seconds": median.seconds, "shares": shares}


@dataclass(frozen=True)
class _Round:
    """One meta-iteration on the clock, in seconds: its start, the start and end of each collection, its end."""

    start: float
    times: Sequence[float]
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


def _parts(measured: _Round, physics: float) -> dict[str, float]:
    """Seconds of each part. Adaptation is between the collections; the outer update is after the last one."""
    collecting = sum(measured.times[1::2]) - sum(measured.times[::2])
    last = measured.times[-1]
    return {
        "physics": physics,
        "collection beyond physics": collecting - physics,
        "adaptation": last - measured.start - collecting,
        "outer update": measured.end - last,
    }


def _episode_of_physics(benchmark: ML1, num_worlds: int) -> float:
    """Seconds of the physics of one episode of `num_worlds` worlds. The hand does not move."""
    environment = benchmark.make_worlds(num_worlds, physics="warp")
    parameters = task_parameters(benchmark.train_tasks, num_worlds)
    actions = random_actions(benchmark.horizon, num_worlds).to(environment.device)
    environment.reset(parameters)
    _move(environment, actions[:2])
    start = time.perf_counter()
    _move(environment, actions)
    return time.perf_counter() - start


def _speed(seconds: float, episode: Callable[[], None], actions: Tensor) -> float:
    """Control steps per second, summed over worlds. `episode` plays these actions ``(steps, worlds, 4)``."""
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        episode()
        steps += actions.shape[0] * actions.shape[1]
    return steps / (time.perf_counter() - start)


def _play(environment: ManipulationWorlds, parameters: Tensor, actions: Tensor) -> None:
    environment.reset(parameters)
    for action in actions:
        environment.step(action)
    _finish(environment.device)


def _move(environment: ManipulationWorlds, actions: Tensor) -> None:
    """Runs the physics of an episode. The hand does not move."""
    for action in actions:
        environment.physics.step(action[:, 3])
    _finish(environment.device)


def _finish(device: torch.device) -> None:
    """Waits until a GPU has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _memory(device: torch.device) -> int | None:
    if device.type != "cuda":
        return None
    free, total = torch.cuda.mem_get_info(device)
    return total - free
