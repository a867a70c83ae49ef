"""`mlrun bench`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mlrun.cli.shared.options import AsJson, Settings, examples
from mlrun.cli.shared.output import note, print_json, print_table

if TYPE_CHECKING:
    from rich.table import Table

    from mlrun.config.schema import EpisodicExperiment

NAME = "bench"
_DEFAULT_ENVIRONMENT = "ml1/reach-v3"
_DEFAULT_WORLDS = "1,10,50,200,1000"
_DEFAULT_WORLDS_ON_GPU = "256,1024,4096,16384"
EXAMPLES = examples(
    "mlrun bench",
    "mlrun bench --env ml1/push-v3 --worlds 200 --threads 1",
    "mlrun bench configs/maml_reach.yaml --json | jq .meta_iteration.shares",
    "mlrun bench configs/maml_reach.yaml --device cuda",
    "mlrun bench --inner-loop",
)


def command(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="Experiment whose meta-iterations to time as well.")
    ] = None,
    settings: Settings = None,
    env: Annotated[
        str | None,
        typer.Option(metavar="ENV", help="Environment, of those of ML1. Default: the experiment's, or ml1/reach-v3."),
    ] = None,
    worlds: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help=f"Numbers of worlds. Default: {_DEFAULT_WORLDS}; on a GPU {_DEFAULT_WORLDS_ON_GPU}.",
        ),
    ] = None,
    threads: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Numbers of threads. Default: 1, and one per core.")
    ] = None,
    device: Annotated[
        Literal["cpu", "cuda"], typer.Option(help="Where worlds are simulated; cuda is measured beside all cores.")
    ] = "cpu",
    of_inner_loop: Annotated[
        bool, typer.Option("--inner-loop", help="Measure adaptation with `mlrun.modules` instead: batch against loop.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure what an environment costs, beside the physics engine alone and beside other packages.

    Control steps per second by worlds and threads, the parts of a step, memory, and the ratio to EnvPool's and
    Meta-World's own environments where those are installed. With a CONFIG, meta-training too. What is compared takes
    turns in one process: trust the ratios, not the speeds. It takes about a minute.
    """
    if of_inner_loop:
        if config or settings or env or threads or worlds or device != "cpu":
            raise typer.BadParameter("--inner-loop goes with no other option but --json")
        _bench_inner_loop(as_json)
        return

    from mlrun.benchmarks import benchmarks
    from mlrun.config import load_experiment
    from mlrun.config.schema import EpisodicExperiment

    if config is None and settings:
        raise typer.BadParameter("--set needs a CONFIG")
    experiment = None if config is None else load_experiment(config, settings or [])
    if experiment is not None and not isinstance(experiment, EpisodicExperiment):
        raise typer.BadParameter(f"{experiment.benchmark.name} has no physics to measure beside")
    environment = benchmarks.full_name(env or (experiment.benchmark.name if experiment else _DEFAULT_ENVIRONMENT))
    for name in {environment, *([experiment.benchmark.name] if experiment else [])}:
        _require_ml1(name)
    if experiment is not None:
        engine = {"cpu": "cpu", "cuda": "warp"}[device]
        experiment = experiment.model_copy(update={"device": device, "physics": engine})
    if device == "cuda":
        if threads:
            raise typer.BadParameter("--threads does not go with --device cuda, which is measured beside all cores")
        _bench_gpu(environment, _counts("--worlds", worlds or _DEFAULT_WORLDS_ON_GPU), experiment, as_json)
        return
    world_counts = _counts("--worlds", worlds or _DEFAULT_WORLDS)
    thread_counts = _counts("--threads", threads) if threads else []

    from mlrun.bench.measure import measure
    from mlrun.simulation.threads import available_cores
    from mlrun.training.device import require_machine

    cores = available_cores()
    if max(thread_counts, default=1) > cores:
        raise typer.BadParameter(f"--threads must be at most {cores}, the number of cores, not {max(thread_counts)}")

    if experiment is not None:
        require_machine(experiment)
    figures = measure(environment, world_counts, thread_counts or sorted({1, cores}), experiment, note)

    from mlrun.cli.bench_tables import bench_tables

    _print(figures, bench_tables, as_json)


def _bench_gpu(environment: str, worlds: list[int], experiment: EpisodicExperiment | None, as_json: bool) -> None:
    from mlrun.bench.measure import measure_gpu
    from mlrun.errors import DeviceNotFoundError
    from mlrun.training.device import why_no_physics_on_gpu

    if missing := why_no_physics_on_gpu():
        raise DeviceNotFoundError(f"--device cuda: worlds cannot be simulated on a GPU: {missing}")
    figures = measure_gpu(environment, worlds, experiment, note)

    from mlrun.cli.bench_tables import gpu_tables

    _print(figures, gpu_tables, as_json)


def _print(figures: dict[str, Any], tables: Callable[[Any], Iterator[tuple[str, Table]]], as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    for title, table in tables(figures):
        typer.echo(f"\n{title}")
        print_table(table)


def _bench_inner_loop(as_json: bool) -> None:
    from mlrun.bench.inner_loop import inner_loop

    figures = inner_loop()
    if as_json:
        print_json(figures)
        return

    from mlrun.cli.bench_tables import inner_loop_table

    title, table = inner_loop_table(figures)
    typer.echo(title)
    print_table(table)


def _require_ml1(name: str) -> None:
    from mlrun.benchmarks import benchmarks
    from mlrun.config.benchmarks import ML1Config
    from mlrun.registry import UnknownNameError

    ml1 = [entry.name for entry in benchmarks.entries() if entry.config is ML1Config]
    if name not in ml1:
        raise typer.BadParameter(str(UnknownNameError.among("ML1 environment", name, ml1)))


def _counts(option: str, text: str) -> list[int]:
    """The whole numbers of a list with commas."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and int(word) >= 1 for word in words):
        raise typer.BadParameter(f"{option} must be whole numbers from 1, with commas between them, not {text!r}")
    return list(dict.fromkeys(map(int, words)))
