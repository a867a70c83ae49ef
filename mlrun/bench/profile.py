"""Where the time of a control step goes."""

from typing import Any

from mujoco.batch import Batch

from mlrun.bench.physics_alone import random_actions, task_parameters
from mlrun.bench.stopwatch import Stopwatch
from mlrun.bench.throughput import EPISODE
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.simulation.cpu import CPUPhysics
from mlrun.simulation.threads import one_torch_thread

_STEP = "step"


def step_profile(benchmark: ML1, num_worlds: int, num_threads: int, seconds: float = 3.0) -> dict[str, Any]:
    """Which share of a control step each part of it takes.

    Args:
        benchmark: whose environment to step, with random actions.
        num_worlds: how many worlds.
        num_threads: physics threads; 0 means one per core.
        seconds: how long to measure, rounded up to whole episodes.
    """
    environment = benchmark.make_worlds(num_worlds, num_threads)
    parameters = task_parameters(benchmark.train_tasks, num_worlds)
    actions = random_actions(EPISODE, num_worlds)
    parts = {
        "physics": (Batch, "step"),
        "kinematics, for the poses of the new state": (CPUPhysics, "forward"),
        "observation": (environment, "_next_observation"),
        "reward and success": (environment, "_reward"),
    }
    watch, steps = Stopwatch({_STEP: (ManipulationWorlds, "step"), **parts}), 0
    with one_torch_thread():
        while not steps or watch.seconds[_STEP] < seconds:
            environment.reset(parameters)
            with watch.running():
                for action in actions:
                    environment.step(action)
            steps += EPISODE * num_worlds
    whole = watch.seconds.pop(_STEP)
    spent = watch.seconds | {"action, and all else": whole - sum(watch.seconds.values())}
    return {
        "worlds": num_worlds,
        "threads": num_threads,
        "microseconds_per_step_of_a_world": 1e6 * whole / steps,
        "shares": {name: part / whole for name, part in spent.items()},
    }
