"""The tables of `mlrun bench`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from mlrun.cli.shared.output import columns_of_numbers

_WAYS = ("loop", "batched", "auto")
_PACKAGES = {"envpool": "EnvPool", "metaworld": "Meta-World, AsyncVectorEnv"}


def bench_tables(figures: Mapping[str, Any]) -> Iterator[tuple[str, Table]]:
    """What was measured: the title and the table of each question."""
    profile, memory, peers = figures["profile"], figures["memory"], figures["peers"]
    yield f"{figures['environment']}, control steps per second", _throughput(figures["throughput"])
    microseconds = profile["microseconds_per_step_of_a_world"]
    yield f"parts of a control step, {microseconds:.0f} µs per world at {_at(profile)}", _shares(profile)
    if memory is not None:
        yield f"memory, from {memory['worlds']:,} worlds", _memory(memory)
    yield f"other packages, at {_at(peers)}", _peers(peers)
    if "meta_iteration" in figures:
        cost = figures["meta_iteration"]
        times = f"{cost['seconds']:.2f} s, {cost['ratio_to_physics']:.2f} times its physics alone"
        yield f"parts of a meta-iteration of {cost['worlds']} worlds, {times}", _shares(cost)


def gpu_tables(figures: Mapping[str, Any]) -> Iterator[tuple[str, Table]]:
    """What was measured on a GPU: the title and the table of each question."""
    cpu = figures["cpu"]
    beside = f"{_speed(cpu['steps_per_second'])} on the CPU at {_at(cpu)}"
    yield f"{figures['environment']}, control steps per second; {beside}", _throughput_on_gpu(figures["gpu"])
    if "meta_iteration" in figures:
        cost = figures["meta_iteration"]
        yield f"parts of a meta-iteration of {cost['worlds']} worlds, {cost['seconds']:.2f} s", _shares(cost)


def inner_loop_table(figures: Mapping[str, Any]) -> tuple[str, Table]:
    """Adaptation, batched and in a loop: the title and the table."""
    few, many = figures["few_samples"], figures["many_samples"]
    table = columns_of_numbers("samples per task", "loop, ms", "batched, ms", "own choice, ms", "")
    for row, claim in (
        (few, f"batched is {_with_range(few, 'speedup')} times as fast as the loop"),
        (many, f"own choice has {_with_range(many, 'share_of_better')} of the better one's speed"),
    ):
        times = [f"{1e3 * row['seconds'][way]:.1f}" if way in row["seconds"] else "-" for way in _WAYS]
        table.add_row(str(row["samples"]), *times, claim)
    sizes, threads = "-".join(map(str, figures["layer_sizes"])), figures["threads"]
    title = (
        f"second-order MAML of a perceptron {sizes}, {figures['tasks']} tasks, {figures['steps']} steps and the "
        f"meta-gradient, on {threads} thread{'' if threads == 1 else 's'}, medians of {figures['rounds']} rounds"
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
    heads = ("steps/s", "physics alone, steps/s", "share of the physics' speed", "over the CPU", "GPU memory, GB")
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
        ("own_bytes_per_world", "environment beyond the physics"),
    ):
        table.add_row(label, f"{memory[name] / 1e3:.1f}")
    return table


def _peers(peers: Mapping[str, Any]) -> Table:
    table = columns_of_numbers("", "setting", "steps/s", "ours over theirs")
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
    threads = measured["threads"]
    return f"{measured['worlds']} worlds and {threads} thread{'' if threads == 1 else 's'}"


def _speed(steps_per_second: float) -> str:
    return f"{steps_per_second:,.0f}"
