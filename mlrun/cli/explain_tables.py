"""The tables of `mlrun explain`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from mlrun.cli.shared.output import columns_of_numbers
from mlrun.wording import counted


def explain_title(report: Mapping[str, Any]) -> str:
    """What is explained, in one line."""
    data = f"{report['episodes']} episodes each" if "episodes" in report else f"{report['shots']} examples"
    steps = counted(report["steps"], "adaptation step")
    return (
        f"{report['benchmark']}, {report['tasks']} {report['split']} tasks; {report['algorithm']}, checkpoint"
        f" {report['checkpoint']}, {steps} on {data}"
    )


def explain_tables(report: Mapping[str, Any]) -> Iterator[tuple[str, Table, str]]:
    """The title of each measure, its table, and how to read it."""
    movement, representation, rates, agreement = (
        report[name] for name in ("movement", "representation", "rates", "agreement")
    )
    yield "movement in adaptation", _movement(movement["layers"]), movement["reading"]
    inputs = f"on {representation['samples']:,} inputs per task, {representation['inputs']}"
    yield f"representations, {inputs}", _representation(representation["layers"]), representation["reading"]
    if rates is not None:
        yield "learned rates", _rates(rates["parameters"]), rates["reading"]
    yield "agreement between tasks", _agreement(agreement["layers"]), agreement["reading"]


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
        "parameter", "median", "lower quartile", "upper quartile", "min", "max", "negative", "median at first"
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
