"""All figures of `mlrun bench`."""

import importlib.metadata
from collections.abc import Callable, Sequence
from typing import Any

from mlrun.bench.gpu import gpu_meta_iteration, gpu_sweep
from mlrun.bench.memory import memory_per_world
from mlrun.bench.meta_iteration import meta_iteration_cost
from mlrun.bench.peers import compare
from mlrun.bench.profile import step_profile
from mlrun.bench.throughput import sweep
from mlrun.benchmarks import benchmarks
from mlrun.config.schema import EpisodicExperiment
from mlrun.runs.manifest import describe_process

_USUAL_WORLDS = 200
_PEERS = ("envpool", "metaworld")


def measure(
    environment: str,
    worlds: Sequence[int],
    threads: Sequence[int],
    experiment: EpisodicExperiment | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measures one environment, and meta-iterations of an experiment.

    The parts of a step and the other packages are measured at the number of worlds nearest 200, with most threads.

    Args:
        environment: registered name of an ML1 benchmark.
        worlds: numbers of worlds.
        threads: numbers of threads.
        experiment: what to time meta-iterations of.
        note: told what is going on.

    Returns:
        Plain numbers and names, with the machine and the versions that they hold for.
    """
    benchmark = benchmarks.load(environment)(benchmarks.entry(environment).config(name=environment))
    usual = min(worlds, key=lambda count: abs(count - _USUAL_WORLDS)), max(threads)
    note(f"measuring {environment}; other work on the machine disturbs it")
    figures: dict[str, Any] = {"environment": environment, **_circumstances()}
    note(f"throughput with {_listed(worlds)} worlds, and on {_listed(threads)} of the cores")
    figures["throughput"] = sweep(benchmark, worlds, threads)
    note("parts of a step, and memory")
    figures["profile"] = step_profile(benchmark, *usual)
    figures["memory"] = memory_per_world(environment)
    note("other packages, where they are installed")
    figures["peers"] = compare(benchmark, *usual, note=note)
    if experiment is not None:
        note("meta-iterations")
        figures["meta_iteration"] = meta_iteration_cost(experiment)
    return figures


def measure_gpu(
    environment: str,
    worlds: Sequence[int],
    experiment: EpisodicExperiment | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measures one environment on the GPU, and meta-iterations of an experiment there.

    Args:
        environment: registered name of an ML1 benchmark.
        worlds: numbers of worlds.
        experiment: what to time meta-iterations of.
        note: told what is going on.
    """
    benchmark = benchmarks.load(environment)(benchmarks.entry(environment).config(name=environment))
    note(
        f"measuring {environment} on the GPU with {_listed(worlds)} worlds; the first use of a GPU compiles for minutes"
    )
    figures: dict[str, Any] = {"environment": environment, **_circumstances(), **gpu_sweep(benchmark, worlds)}
    if experiment is not None:
        note("meta-iterations")
        figures["meta_iteration"] = gpu_meta_iteration(experiment)
    return figures


def _listed(counts: Sequence[int]) -> str:
    return ", ".join(map(str, counts))


def _circumstances() -> dict[str, Any]:
    process = describe_process()
    return {
        "started": process["started"],
        "hardware": process["hardware"],
        "versions": process["versions"] | {package: _version(package) for package in _PEERS},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
