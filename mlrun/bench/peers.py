"""Our environments beside those of other packages, if these are installed."""

import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from functools import partial
from typing import Any, Protocol

from mlrun.bench.other_packages import EnvPoolWorlds, MetaWorldProcesses
from mlrun.bench.physics_alone import random_actions, task_parameters
from mlrun.bench.throughput import EPISODE
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.simulation.threads import one_torch_thread


class Contender(Protocol):
    """Worlds of one package in one setting.

    Attributes:
        setting: its setting, in words.
    """

    setting: str

    def episode(self, steps: int) -> float:
        """Control steps per second, summed over worlds, in the first `steps` of new episodes. A reset is not timed."""
        ...

    def close(self) -> None:
        """Ends its threads and processes."""
        ...


class OurWorlds:
    """Worlds of one of our benchmarks."""

    def __init__(self, benchmark: ML1, num_worlds: int, num_threads: int) -> None:
        self.setting = f"{num_worlds} worlds"
        self._environment = benchmark.make_worlds(num_worlds, num_threads)
        self._parameters = task_parameters(benchmark.train_tasks, num_worlds)

    def episode(self, steps: int) -> float:
        """Control steps per second, summed over worlds, in the first `steps` of new episodes."""
        self._environment.reset(self._parameters)
        actions = random_actions(steps, self._environment.num_worlds)
        start = time.perf_counter()
        for action in actions:
            self._environment.step(action)
        return steps * self._environment.num_worlds / (time.perf_counter() - start)

    def close(self) -> None:
        """Does nothing: all ends with the object."""


def compare(
    benchmark: ML1,
    num_worlds: int,
    num_threads: int,
    *,
    rounds: int = 4,
    seconds: float = 1.0,
    note: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Times our environment and those of other packages, in turns, on equal threads or processes.

    All take random actions in the first `EPISODE` control steps of episodes. Resets are not timed: ours cost nothing,
    and those of the others simulate as many steps as are timed.

    Each package runs in several settings, and its fastest setting counts. EnvPool runs with as many worlds as ours,
    with ten worlds per thread, and with these asynchronously. Meta-World runs with one and with two processes per
    thread.

    Args:
        benchmark: makes our environment.
        num_worlds: number of our worlds.
        num_threads: threads of each package.
        rounds: turns of each setting.
        seconds: length of a turn, rounded up to whole episodes.
        note: is told which package does not run, and why.

    Returns:
        Our speed, None if there is no other package. For each package: None if it is not installed or does not run,
        else the speed of each setting, and our speed over that of the fastest. All are medians over rounds.
    """
    family = benchmark.name.removeprefix("ml1/")
    few = 10 * num_threads
    makers: dict[str, list[Callable[[], Contender]]] = {
        "envpool": [
            partial(EnvPoolWorlds, family, worlds, num_threads, batch)
            for worlds, batch in dict.fromkeys(((num_worlds, num_worlds), (few, few), (few, few // 2)))
        ],
        "metaworld": [partial(MetaWorldProcesses, family, count) for count in (num_threads, 2 * num_threads)],
    }
    with ExitStack() as stack, one_torch_thread():
        ours = OurWorlds(benchmark, num_worlds, num_threads)
        others = {package: _installed(package, make, stack, note) for package, make in makers.items()}
        contenders = [ours, *(contender for settings in others.values() for contender in settings)]
        for contender in contenders:
            contender.episode(2)  # first calls allocate
        speeds = _take_turns(contenders if len(contenders) > 1 else [], rounds, seconds)
    return {
        "worlds": num_worlds,
        "threads": num_threads,
        "steps_per_second": statistics.median(speeds[ours]) if speeds else None,
        "packages": {
            package: _compared(speeds[ours], {c.setting: speeds[c] for c in settings}) if settings else None
            for package, settings in others.items()
        },
    }


def _installed(
    package: str, makers: Iterable[Callable[[], Contender]], stack: ExitStack, note: Callable[[str], None]
) -> list[Contender]:
    """The settings of one package; none if it is not installed or does not run. `stack` closes them."""
    try:
        return [stack.enter_context(closing(make())) for make in makers]
    except ImportError:
        return []
    except Exception as error:  # an error of another package must not cost our own figures
        note(f"{package} does not run: {error}")
        return []


def _take_turns(contenders: list[Contender], rounds: int, seconds: float) -> dict[Contender, list[float]]:
    speeds: dict[Contender, list[float]] = {contender: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            speeds[contender].append(_speed(contender, seconds))
    return speeds


def _speed(contender: Contender, seconds: float) -> float:
    episodes: list[float] = []
    end = time.perf_counter() + seconds
    while not episodes or time.perf_counter() < end:
        episodes.append(contender.episode(EPISODE))
    return statistics.harmonic_mean(episodes)


def _compared(ours: list[float], theirs: dict[str, list[float]]) -> dict[str, Any]:
    settings = {setting: statistics.median(speeds) for setting, speeds in theirs.items()}
    best = max(settings, key=lambda setting: settings[setting])
    ratios = [here / there for here, there in zip(ours, theirs[best], strict=True)]
    return {
        "best_setting": best,
        "steps_per_second": settings[best],
        "steps_per_second_by_setting": settings,
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
    }
