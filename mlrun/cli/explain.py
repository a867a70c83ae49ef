"""`mlrun explain`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mlrun.cli.shared.options import (
    DEFAULT_RUNS_DIR,
    AsJson,
    Checkpoint,
    Run,
    RunsDir,
    examples,
    parse_checkpoint,
)
from mlrun.cli.shared.output import can_draw, columns_of_numbers, note, print_json, print_table
from mlrun.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from mlrun.analysis.explanation.explain import Explanation
    from mlrun.analysis.explanation.memory import MemoryExplanation
    from mlrun.runs.directory import RunDirectory

NAME = "explain"
_FEW_EPISODES = 3
_SERIES = {"held_out": "held-out tasks", "training": "training tasks", "without_rewards": "without rewards"}

EXAMPLES = examples(
    "mlrun explain runs/20261122-231608-maml-reach-s0-a1b2",
    "mlrun explain 20261122-231608-maml-reach-s0-a1b2 --split train --checkpoint last -o figures",
    "mlrun explain runs/20261122-231608-maml-reach-s0-a1b2 --json | jq '.representation.layers | map_values(.mean)'",
)


def command(
    run: Run,
    split: Annotated[
        Literal["test", "train"], typer.Option(help="test: the held-out tasks. train: the training tasks.")
    ] = "test",
    checkpoint: Checkpoint = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, max=100, metavar="N", help="Adaptation steps. Default: as the experiment says."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            file_okay=False,
            help="Directory for the figures. Default: the run's plots/.",
        ),
    ] = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Show what adaptation changes in each layer, or what a memory knows of its task.

    Adapts to all tasks as 'mlrun eval' does and prints one table for each measure: how far the parameters of each
    layer move; how much the outputs of each layer change; the learned step sizes, if the algorithm learns them; and
    the cosine between the directions in which tasks move.

    Of a learner that adapts by its memory, it prints how far from the goal is the goal that a linear map reads from
    the memory, by step of the trial: on held-out tasks, on training tasks, and without rewards.

    Draws figures of the same if matplotlib is installed, and prints their paths.
    """
    from mlrun.runs.directory import RunDirectory
    from mlrun.runs.layout import PLOTS

    which = None if checkpoint is None else parse_checkpoint(checkpoint)
    opened = RunDirectory.open(run, runs_dir)

    from mlrun.training.device import require_machine

    require_machine(opened.experiment())
    note(f"adapting {opened.path} to its {split} tasks")
    explanation, report = _explain(opened, split, which, steps)
    report["figures"] = [str(path) for path in _draw(explanation, output or opened.path / PLOTS)]
    if as_json:
        print_json(report)
        return
    typer.echo(_title(report))
    for title, table, caption in _tables(report):
        typer.echo(f"\n{title}")
        print_table(table)
        typer.echo(caption)
    if report["figures"]:
        typer.echo("\n" + "\n".join(report["figures"]))


def _explain(
    run: RunDirectory, split: str, checkpoint: str | int | None, steps: int | None
) -> tuple[Explanation | MemoryExplanation, dict[str, Any]]:
    """Adapt a run, and explain its layers or its memory. Returns the explanation and its report."""
    from mlrun.analysis.explanation.explain import explain_layers
    from mlrun.analysis.explanation.memory import explain_memory
    from mlrun.analysis.explanation.report import explanation_report, memory_report
    from mlrun.training.evaluation import adapt_run

    adaptation = adapt_run(run, split=split, checkpoint=checkpoint, steps=steps)
    if adaptation.by_step[0].memory:
        of_memory = explain_memory(adaptation, run.experiment())
        return of_memory, memory_report(run, of_memory)
    of_layers = explain_layers(adaptation, run.experiment())
    return of_layers, explanation_report(run, of_layers)


def _draw(explanation: Explanation | MemoryExplanation, directory: Path) -> list[Path]:
    """Write the figures and return their paths; none without matplotlib."""
    if not can_draw():
        return []

    from mlrun.analysis.explanation.figures import figures
    from mlrun.analysis.plots import FORMATS
    from mlrun.analysis.plots.writing import save

    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in figures(explanation):
        for extension in FORMATS:
            paths.append(directory / f"explain-{name}.{extension}")
            save(figure, paths[-1])
    return paths


def _title(report: Mapping[str, Any]) -> str:
    """One line about which run was adapted, and to what."""
    about = (
        f"{report['benchmark']}, {report['tasks']} {report['split']} tasks; {report['algorithm']}, checkpoint"
        f" {report['checkpoint']}, "
    )
    if "memory" in report:
        trial = report["memory"]["trial"]
        return f"{about}{counted(trial['trials'], 'trial')} of {counted(trial['episodes'], 'episode')} each"
    data = f"{report['episodes']} episodes each" if "episodes" in report else f"{report['shots']} examples"
    return f"{about}{counted(report['steps'], 'adaptation step')} on {data}"


def _tables(report: Mapping[str, Any]) -> Iterator[tuple[str, Table, str]]:
    """For each measure: the title, the table, and a caption that says how to read it."""
    if memory := report.get("memory"):
        tasks = counted(memory["fitted_to"], "training task")
        title = f"what the memory knows, by a linear map from {memory['features']:,} features, fitted to {tasks}"
        yield title, _memory(memory), memory["reading"]
        return
    movement, representation, rates, agreement = (
        report[name] for name in ("movement", "representation", "rates", "agreement")
    )
    yield "movement in adaptation", _movement(movement["layers"]), movement["reading"]
    inputs = f"on {representation['samples']:,} inputs per task, {representation['inputs']}"
    yield f"representations, {inputs}", _representation(representation["layers"]), representation["reading"]
    if rates is not None:
        yield "learned rates", _rates(rates["parameters"]), rates["reading"]
    yield "agreement between tasks", _agreement(agreement["layers"]), agreement["reading"]


def _memory(memory: Mapping[str, Any]) -> Table:
    """The errors at the ends of the episodes, and, if there are few episodes, at the ends of their quarters."""
    from mlrun.analysis.explanation.memory import evenly_spaced

    horizon, episodes = memory["horizon"], memory["trial"]["episodes"]
    shown = evenly_spaced(horizon, episodes, 4 if episodes <= _FEW_EPISODES else 1)
    series = [name for name in _SERIES if name in memory["mean_goal"]]
    table = columns_of_numbers("distance to the goal, mean", *(_SERIES[name] for name in series))
    for now in memory["by_step"]:
        if now["step"] in shown:
            errors = (_significant(now[name]["mean"]) for name in series)
            table.add_row(_moment(now["step"], horizon), *errors)
    table.add_row("of the mean goal", *(_significant(memory["mean_goal"][name]) for name in series))
    return table


def _moment(step: int, horizon: int) -> str:
    """A moment of a trial: its steps, and the number of episodes if one has just ended."""
    episodes = f", {counted(step // horizon, 'episode')}" if step and step % horizon == 0 else ""
    return f"after {counted(step, 'step')}{episodes}"


def _movement(layers: Mapping[str, Any]) -> Table:
    table = columns_of_numbers(
        "layer", "parameters", "|θ' - θ| / |θ|, mean", "std over tasks", "min", "max", "|θ' - θ|, mean"
    )
    for layer, of_layer in layers.items():
        relative = of_layer["relative"]
        spread = [_significant(relative[name]) for name in ("mean", "std", "min", "max")]
        table.add_row(layer, f"{of_layer['parameters']:,}", *spread, _significant(of_layer["distance"]["mean"]))
    return table


def _representation(layers: Mapping[str, Any]) -> Table:
    table = columns_of_numbers("layer", "CKA, mean", "std over tasks", "min", "change, mean", "of that shift, mean")
    for layer, measures in layers.items():
        similarity = [_decimals(measures["similarity"][name], 4) for name in ("mean", "std", "min")]
        table.add_row(layer, *similarity, *(_significant(measures[name]["mean"]) for name in ("change", "shift")))
    return table


def _rates(parameters: Mapping[str, Any]) -> Table:
    table = columns_of_numbers(
        "parameter", "median", "lower quartile", "upper quartile", "min", "max", "negative", "initial median"
    )
    for parameter, rates in parameters.items():
        quantiles = [_significant(rates[name]) for name in ("median", "q25", "q75", "min", "max")]
        table.add_row(parameter, *quantiles, _share(rates["negative"]), _significant(rates["at_the_start"]["median"]))
    return table


def _agreement(layers: Mapping[str, Any]) -> Table:
    table = columns_of_numbers(
        "layer", "cosine of two tasks, mean", "std over pairs", "negative", "of a task with itself, mean"
    )
    for layer, cosines in layers.items():
        between = cosines["between_tasks"]
        spread = [_decimals(between[name], 2) for name in ("mean", "std")]
        table.add_row(layer, *spread, _share(between["negative"]), _decimals(cosines["same_task"]["mean"], 2))
    return table


def _significant(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def _decimals(value: float, decimals: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{decimals}f}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"
