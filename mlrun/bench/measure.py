"""All measurements of `mlrun bench`, on the CPU and on a GPU."""

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

_TYPICAL_WORLDS = 200
_OTHER_PACKAGES = ("envpool", "metaworld")


def measure(
    environment: str,
    worlds: Sequence[int],
    threads: Sequence[int],
    experiment: EpisodicExperiment | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measures one environment on the CPU, and meta-iterations of an experiment.

    The parts of a step and the other packages are measured with the number of worlds nearest to 200, and the largest
    number of threads.

    Args:
        environment: registered name of an ML1 benchmark.
        worlds: numbers of worlds.
        threads: numbers of threads.
        experiment: what to train in the meta-iterations; None for none.
        note: is given a line of progress before each measurement.

    Returns:
        Plain data for JSON, with the machine and the versions of packages.
    """
    benchmark = benchmarks.load(environment)(benchmarks.entry(environment).config(name=environment))
    typical = min(worlds, key=lambda count: abs(count - _TYPICAL_WORLDS)), max(threads)
    note(f"measuring {environment}; other load on the machine disturbs it")
    figures: dict[str, Any] = {"environment": environment, **_machine_and_versions()}
    note(f"throughput with {_listed(worlds)} worlds, and on {_listed(threads)} of the cores")
    figures["throughput"] = sweep(benchmark, worlds, threads)
    note("parts of a step, and memory")
    figures["profile"] = step_profile(benchmark, *typical)
    figures["memory"] = memory_per_world(environment)
    note("other packages, if they are installed")
    figures["peers"] = compare(benchmark, *typical, note=note)
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
        experiment: what to train in the meta-iterations; None for none.
        note: is given a line of progress before each measurement.

    Returns:
        Plain data for JSON, with the machine and the versions of packages.
    """
    benchmark = benchmarks.load(environment)(benchmarks.entry(environment).config(name=environment))
    note(
        f"measuring {environment} on the GPU with {_listed(worlds)} worlds; the first use of a GPU compiles for minutes"
    )
    figures: dict[str, Any] = {"environment": environment, **_machine_and_versions(), **gpu_sweep(benchmark, worlds)}
    if experiment is not None:
        note("meta-iterations")
        figures["meta_iteration"] = gpu_meta_iteration(experiment)
    return figures


def _listed(counts: Sequence[int]) -> str:
    return ", ".join(map(str, counts))


def _machine_and_versions() -> dict[str, Any]:
    process = describe_process()
    return {
        "started": process["started"],
        "hardware": process["hardware"],
        "versions": process["versions"] | {package: _version(package) for package in _OTHER_PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
