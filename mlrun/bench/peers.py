"""The environments beside other packages' Meta-World, where those are installed."""

import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from functools import partial
from typing import Any, Protocol

from mlrun.bench.envpool_peer import EnvPoolWorlds
from mlrun.bench.metaworld_peer import MetaWorldProcesses
from mlrun.bench.physics_alone import random_actions, task_parameters
from mlrun.bench.throughput import EPISODE
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.simulation.threads import one_torch_thread


class Contender(Protocol):
    """Worlds of one package.

    Attributes:
        setting: how it was set up, for people.
    """

    setting: str

    def episode(self, steps: int) -> float:
        """Resets, then returns the control steps per second, summed over worlds, of so many steps."""
        ...

    def close(self) -> None:
        """Lets go of threads and processes."""
        ...


class OurWorlds:
    """Worlds of one of our environments."""

    def __init__(self, benchmark: ML1, num_worlds: int, num_threads: int) -> None:
        self.setting = f"{num_worlds} worlds"
        self._environment = benchmark.make_worlds(num_worlds, num_threads)
        self._parameters = task_parameters(benchmark.train_tasks, num_worlds)

    def episode(self, steps: int) -> float:
        """Control steps per second, summed over worlds, in the first so many of new episodes."""
        self._environment.reset(self._parameters)
        actions = random_actions(steps, self._environment.num_worlds)
        start = time.perf_counter()
        for action in actions:
            self._environment.step(action)
        return steps * self._environment.num_worlds / (time.perf_counter() - start)

    def close(self) -> None:
        """Nothing outlives the object."""


def compare(
    benchmark: ML1,
    num_worlds: int,
    num_threads: int,
    *,
    rounds: int = 4,
    seconds: float = 1.0,
    note: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Times our environment and those of other packages, in turns, with equal threads or processes.

    All take random actions for the first `EPISODE` control steps of episodes. Resets are not timed, since ours cost
    nothing and the others' simulate as many steps again.

    Each package runs in several settings and counts with its fastest: EnvPool with as many worlds as ours, with ten per
    thread, and with these asynchronously; Meta-World with one and with two processes per thread.

    Args:
        benchmark: whose environment to compare.
        num_worlds: worlds of ours.
        num_threads: threads of each package.
        rounds: how many turns each contender has.
        seconds: how long a turn is, rounded up to whole episodes.
        note: told which package could not be run, and why.

    Returns:
        Our speed (None without anyone to compare with), and by package: None where it is not installed or does not run,
        else its settings with their speeds, and our speed over that of the best setting. All are medians over rounds.
    """
    problem = benchmark.name.removeprefix("ml1/")
    few = 10 * num_threads
    makers: dict[str, list[Callable[[], Contender]]] = {
        "envpool": [
            partial(EnvPoolWorlds, problem, worlds, num_threads, batch)
            for worlds, batch in dict.fromkeys(((num_worlds, num_worlds), (few, few), (few, few // 2)))
        ],
        "metaworld": [partial(MetaWorldProcesses, problem, count) for count in (num_threads, 2 * num_threads)],
    }
    with ExitStack() as stack, one_torch_thread():
        ours = OurWorlds(benchmark, num_worlds, num_threads)
        peers = {package: _installed(package, make, stack, note) for package, make in makers.items()}
        contenders = [ours, *(contender for peer in peers.values() for contender in peer)]
        for contender in contenders:
            contender.episode(2)  # first calls allocate
        speeds = _take_turns(contenders if len(contenders) > 1 else [], rounds, seconds)
    return {
        "worlds": num_worlds,
        "threads": num_threads,
        "steps_per_second": statistics.median(speeds[ours]) if speeds else None,
        "packages": {
            package: _compared(speeds[ours], {c.setting: speeds[c] for c in settings}) if settings else None
            for package, settings in peers.items()
        },
    }


def _installed(
    package: str, makers: Iterable[Callable[[], Contender]], stack: ExitStack, note: Callable[[str], None]
) -> list[Contender]:
    """The contenders of one package, or none; `stack` closes them."""
    try:
        return [stack.enter_context(closing(make())) for make in makers]
    except ImportError:
        return []
    except Exception as error:  # what is wrong with another package must not cost the figures of this one
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
