"""`mlrun bench`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mlrun.cli.shared.options import AsJson, Settings, examples
from mlrun.cli.shared.output import columns_of_numbers, note, print_json, print_table
from mlrun.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from mlrun.config.schema import EpisodicExperiment

NAME = "bench"
_DEFAULT_ENVIRONMENT = "ml1/reach-v3"
_DEFAULT_WORLDS = "1,10,50,200,1000"
_DEFAULT_WORLDS_ON_GPU = "256,1024,4096,16384"
_METHODS = ("loop", "batched", "auto")
_PACKAGES = {"envpool": "EnvPool", "metaworld": "Meta-World, AsyncVectorEnv"}
EXAMPLES = examples(
    "mlrun bench",
    "mlrun bench --env ml1/push-v3 --worlds 200 --threads 1",
    "mlrun bench configs/maml_reach.yaml --json | jq .meta_iteration.shares",
    "mlrun bench configs/maml_reach.yaml --device cuda",
    "mlrun bench --inner-loop",
)


def command(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="Experiment; its meta-iterations are measured too.")
    ] = None,
    settings: Settings = None,
    env: Annotated[
        str | None,
        typer.Option(metavar="ENV", help="ML1 environment to measure. Default: the experiment's, or ml1/reach-v3."),
    ] = None,
    worlds: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Numbers of worlds (copies of the environment) to measure."
            f" Default: {_DEFAULT_WORLDS}; on a GPU {_DEFAULT_WORLDS_ON_GPU}.",
        ),
    ] = None,
    threads: Annotated[
        str | None,
        typer.Option(metavar="N,N,...", help="Numbers of CPU threads to measure. Default: 1, and one per core."),
    ] = None,
    device: Annotated[
        Literal["cpu", "cuda"], typer.Option(help="Where to simulate. cuda is compared with all CPU cores.")
    ] = "cpu",
    of_inner_loop: Annotated[
        bool,
        typer.Option("--inner-loop", help="Measure only adaptation with `mlrun.modules`: batched against a loop."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure the speed and memory of an environment.

    Compares the environment with the physics engine alone, and with the environments of EnvPool and Meta-World if
    these are installed. Prints control steps per second for each number of worlds and threads, the share of each part
    of a step, memory per world, and the ratios to the other packages. With a CONFIG, it also measures meta-training.

    The candidates take turns in one process. So the ratios are reliable; the speeds change with other load on the
    machine. It takes about a minute.
    """
    if of_inner_loop:
        if config or settings or env or threads or worlds or device != "cpu":
            raise typer.BadParameter("--inner-loop can be combined with --json only")
        _bench_inner_loop(as_json)
        return

    from mlrun.benchmarks import benchmarks
    from mlrun.config import load_experiment
    from mlrun.config.schema import EpisodicExperiment

    if config is None and settings:
        raise typer.BadParameter("--set needs a CONFIG")
    experiment = None if config is None else load_experiment(config, settings or [])
    if experiment is not None and not isinstance(experiment, EpisodicExperiment):
        raise typer.BadParameter(f"{experiment.benchmark.name} has no physics to measure")
    environment = benchmarks.full_name(env or (experiment.benchmark.name if experiment else _DEFAULT_ENVIRONMENT))
    for name in {environment, *([experiment.benchmark.name] if experiment else [])}:
        _require_ml1(name)
    if experiment is not None:
        engine = {"cpu": "cpu", "cuda": "warp"}[device]
        experiment = experiment.model_copy(update={"device": device, "physics": engine})
    if device == "cuda":
        if threads:
            raise typer.BadParameter("--threads does not apply to --device cuda, which is compared with all CPU cores")
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
    _print(figures, cpu_tables, as_json)


def _bench_gpu(environment: str, worlds: list[int], experiment: EpisodicExperiment | None, as_json: bool) -> None:
    from mlrun.bench.measure import measure_gpu
    from mlrun.errors import DeviceNotFoundError
    from mlrun.training.device import why_no_physics_on_gpu

    if missing := why_no_physics_on_gpu():
        raise DeviceNotFoundError(f"--device cuda: worlds cannot be simulated on a GPU: {missing}")
    figures = measure_gpu(environment, worlds, experiment, note)
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
    title, table = inner_loop_table(figures)
    typer.echo(title)
    print_table(table)


def _require_ml1(name: str) -> None:
    from mlrun.benchmarks import benchmarks
    from mlrun.config.benchmarks import ML1Config
    from mlrun.registry import UnknownNameError

    ml1 = [entry.name for entry in benchmarks.entries() if issubclass(entry.config, ML1Config)]
    if name not in ml1:
        raise typer.BadParameter(str(UnknownNameError.among("ML1 environment", name, ml1)))


def _counts(option: str, text: str) -> list[int]:
    """The whole numbers in a comma-separated list, without repetitions."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and int(word) >= 1 for word in words):
        raise typer.BadParameter(f"{option} must be whole numbers from 1, separated by commas, not {text!r}")
    return list(dict.fromkeys(map(int, words)))


def cpu_tables(figures: Mapping[str, Any]) -> Iterator[tuple[str, Table]]:
    """Measurements on the CPU, as pairs of a title and a table."""
    profile, memory, peers = figures["profile"], figures["memory"], figures["peers"]
    yield f"{figures['environment']}, control steps per second", _throughput(figures["throughput"])
    microseconds = profile["microseconds_per_step_of_a_world"]
    yield f"parts of a control step, {microseconds:.0f} µs per world at {_at(profile)}", _shares(profile)
    if memory is not None:
        yield f"memory, measured with {memory['worlds']:,} worlds", _memory(memory)
    yield f"other packages, at {_at(peers)}", _peers(peers)
    if "meta_iteration" in figures:
        cost = figures["meta_iteration"]
        times = f"{cost['seconds']:.2f} s, {cost['ratio_to_physics']:.2f} times its physics alone"
        yield f"parts of a meta-iteration of {cost['worlds']} worlds, {times}", _shares(cost)


def gpu_tables(figures: Mapping[str, Any]) -> Iterator[tuple[str, Table]]:
    """Measurements on a GPU, as pairs of a title and a table."""
    cpu = figures["cpu"]
    beside = f"{_speed(cpu['steps_per_second'])} on the CPU at {_at(cpu)}"
    yield f"{figures['environment']}, control steps per second; {beside}", _throughput_on_gpu(figures["gpu"])
    if "meta_iteration" in figures:
        cost = figures["meta_iteration"]
        yield f"parts of a meta-iteration of {cost['worlds']} worlds, {cost['seconds']:.2f} s", _shares(cost)


def inner_loop_table(figures: Mapping[str, Any]) -> tuple[str, Table]:
    """Measurements of batched adaptation against a loop: the title and the table."""
    few, many = figures["few_samples"], figures["many_samples"]
    table = columns_of_numbers("samples per task", "loop, ms", "batched, ms", "auto, ms", "")
    for row, claim in (
        (few, f"batched is {_with_range(few, 'speedup')} times as fast as the loop"),
        (many, f"auto has {_with_range(many, 'share_of_better')} of the speed of the faster method"),
    ):
        times = [f"{1e3 * row['seconds'][name]:.1f}" if name in row["seconds"] else "-" for name in _METHODS]
        table.add_row(str(row["samples"]), *times, claim)
    sizes = "-".join(map(str, figures["layer_sizes"]))
    title = (
        f"second-order MAML of a perceptron {sizes}, {figures['tasks']} tasks, {figures['steps']} steps and the "
        f"meta-gradient, on {counted(figures['threads'], 'thread')}, medians of {figures['rounds']} rounds"
    )
    return title, table


def _throughput(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = columns_of_numbers("threads", "worlds", "steps/s", "physics alone, steps/s", "share of the physics' speed")
    for row in rows:
        table.add_row(
            str(row["threads"]),
            str(row["worlds"]),
            _speed(row["steps_per_second"]),
            _speed(row["physics_steps_per_second"]),
            f"{row['share_of_physics']:.2f}",
        )
    return table


def _throughput_on_gpu(rows: Sequence[Mapping[str, Any]]) -> Table:
    heads = ("steps/s", "physics alone, steps/s", "share of the physics' speed", "times the CPU", "GPU memory, GB")
    table = columns_of_numbers("worlds", *heads)
    for row in rows:
        table.add_row(
            str(row["worlds"]),
            _speed(row["steps_per_second"]),
            _speed(row["physics_steps_per_second"]),
            f"{row['share_of_physics']:.2f}",
            f"{row['over_cpu']:.2f}",
            "-" if row["memory_bytes"] is None else f"{row['memory_bytes'] / 1e9:.2f}",
        )
    return table


def _shares(measured: Mapping[str, Any]) -> Table:
    table = columns_of_numbers("", "share")
    for name, share in measured["shares"].items():
        table.add_row(name, f"{share:.1%}")
    return table


def _memory(memory: Mapping[str, Any]) -> Table:
    table = columns_of_numbers("", "kB per world")
    for name, label in (
        ("environment_bytes_per_world", "environment"),
        ("physics_bytes_per_world", "physics alone"),
        ("own_bytes_per_world", "environment without the physics"),
    ):
        table.add_row(label, f"{memory[name] / 1e3:.1f}")
    return table


def _peers(peers: Mapping[str, Any]) -> Table:
    table = columns_of_numbers("", "setting", "steps/s", "mlrun / other")
    for package, label in _PACKAGES.items():
        measured = peers["packages"][package]
        if measured is None:
            table.add_row(label, "not installed", "-", "-")
            continue
        speed = _speed(measured["steps_per_second"])
        table.add_row(label, measured["best_setting"], speed, _with_range(measured, "ratio"))
    if peers["steps_per_second"] is not None:
        table.add_row("mlrun", f"{peers['worlds']} worlds", _speed(peers["steps_per_second"]), "")
    return table


def _with_range(measured: Mapping[str, Any], name: str) -> str:
    low, high = measured[f"{name}_range"]
    return f"{measured[name]:.2f} [{low:.2f}, {high:.2f}]"


def _at(measured: Mapping[str, Any]) -> str:
    return f"{measured['worlds']} worlds and {counted(measured['threads'], 'thread')}"


def _speed(steps_per_second: float) -> str:
    return f"{steps_per_second:,.0f}"
