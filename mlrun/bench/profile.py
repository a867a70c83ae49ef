"""The share of each part of a control step in its time, and the stopwatch that measures it."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from mujoco.batch import Batch

from mlrun.bench.physics_alone import random_actions, task_parameters
from mlrun.bench.throughput import EPISODE
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.simulation.cpu import CPUPhysics
from mlrun.simulation.threads import one_torch_thread

_STEP = "step"


def step_profile(benchmark: ML1, num_worlds: int, num_threads: int, seconds: float = 3.0) -> dict[str, Any]:
    """Measures the share of each part of a control step in its time.

    Args:
        benchmark: makes the environment. It is stepped with random actions.
        num_worlds: number of worlds.
        num_threads: physics threads; 0 means one per core.
        seconds: how long to measure, rounded up to whole episodes.

    Returns:
        Numbers of worlds and threads, microseconds of a control step of one world, and the share of each part.
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


class Stopwatch:
    """Counts the seconds spent in some functions, together with the functions that they call.

    It adds less than a microsecond to a call, and does not slow other code. Python's own profiler (as of 3.12) misses
    functions that call compiled functions of MuJoCo.

    Args:
        functions: for each function, a name to count it under, and where it is looked up when it is called: the owner
            (a class, object or module) and the attribute.

    Attributes:
        seconds: the sum until now, by name.
    """

    def __init__(self, functions: Mapping[str, tuple[Any, str]]) -> None:
        self.seconds = dict.fromkeys(functions, 0.0)
        self._functions = functions

    @contextmanager
    def running(self) -> Iterator[None]:
        """Times calls while it is open."""
        with ExitStack() as replacements:
            for name, (owner, attribute) in self._functions.items():
                timed = self._timed(name, getattr(owner, attribute))
                replacements.enter_context(_replaced(owner, attribute, timed))
            yield

    def _timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[name] += time.perf_counter() - start

        return timed


@contextmanager
def _replaced(owner: Any, attribute: str, function: Callable[..., Any]) -> Iterator[None]:
    own = vars(owner).get(attribute)
    setattr(owner, attribute, function)
    try:
        yield
    finally:
        if own is None:
            delattr(owner, attribute)
        else:
            setattr(owner, attribute, own)
