"""Where the time goes, by Python's own profiler.

It adds about a tenth of a microsecond per call, little beside the milliseconds of a step of many worlds, and leaves the
code that it looks at as it is.
"""

import inspect
from collections.abc import Callable
from cProfile import Profile
from typing import Any

from mujoco.batch import Batch

from mlrun.bench.physics_alone import random_actions, task_parameters
from mlrun.bench.throughput import EPISODE
from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.benchmarks.ml1.environment import SawyerEnvironment
from mlrun.simulation.physics import SawyerPhysics
from mlrun.simulation.threads import one_torch_thread


def seconds_in(profile: Profile, *functions: Callable[..., Any]) -> float:
    """Seconds that were spent in functions, and in what they called, while the profile was taken."""
    codes = [inspect.unwrap(function).__code__ for function in functions]
    return sum(entry.totaltime for entry in profile.getstats() if entry.code in codes)


def step_profile(benchmark: ML1, num_worlds: int, num_threads: int, seconds: float = 3.0) -> dict[str, Any]:
    """Which share of a control step each part of it takes.

    Args:
        benchmark: whose environment to step, with random actions.
        num_worlds: how many worlds.
        num_threads: physics threads; 0 means one per core.
        seconds: how long to measure, rounded up to whole episodes.
    """
    environment = benchmark.make_environment(num_worlds, num_threads)
    parameters = task_parameters(benchmark.train_tasks, num_worlds)
    actions = random_actions(EPISODE, num_worlds)
    profile, steps = Profile(), 0
    with one_torch_thread():
        while not steps or seconds_in(profile, SawyerEnvironment.step) < seconds:
            environment.reset(parameters)
            with profile:
                for action in actions:
                    environment.step(action)
            steps += EPISODE * num_worlds
    whole = seconds_in(profile, SawyerEnvironment.step)
    return {
        "worlds": num_worlds,
        "threads": num_threads,
        "microseconds_per_step_of_a_world": 1e6 * whole / steps,
        "shares": {name: spent / whole for name, spent in _parts(profile, environment, whole).items()},
    }


def _parts(profile: Profile, environment: SawyerEnvironment, whole: float) -> dict[str, float]:
    parts = {
        "physics": seconds_in(profile, Batch.step),
        "kinematics, for the poses of the new state": seconds_in(profile, SawyerPhysics.forward),
        "observation": seconds_in(profile, SawyerEnvironment._next_observation),
        "reward and success": seconds_in(profile, environment._evaluate),
    }
    return parts | {"action, and all else": whole - sum(parts.values())}
