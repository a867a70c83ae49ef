"""The table of an evaluation."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from mlrun.cli.output import columns
from mlrun.scores import SCORES


def evaluation_table(result: Mapping[str, Any]) -> Table:
    """Scores by adaptation step with their intervals, then what policies reach that do not adapt."""
    shown = {name: score for name, score in SCORES.items() if name in result["by_step"][0]}
    table = columns("", *(score.label for score in shown.values()))
    for scores in result["by_step"]:
        label = "before adaptation" if scores["step"] == 0 else f"after {_count(scores['step'], 'step')}"
        table.add_row(label, *(_interval(scores[name], score.decimals) for name, score in shown.items()))
    table.add_row()
    for label, floor in result["floors"].items():
        table.add_row(label, *(_number(floor.get(name), score.decimals) for name, score in shown.items()))
    return table


def evaluation_title(result: Mapping[str, Any]) -> str:
    """What was evaluated, and how, in one line."""
    horizon = f", horizon {result['horizon']}" if result["horizon"] else ""
    if "episodes" in result:
        data = f"{_count(result['episodes'], 'adaptation episode')} per step"
    else:
        data = f"adapted to {_count(result['shots'], 'example')}"
    return (
        f"{result['benchmark']}, {result['tasks']} {result['split']} tasks{horizon};"
        f" checkpoint {result['checkpoint']}, {data}"
    )


def _interval(score: Mapping[str, float | None], decimals: int) -> str:
    mean, low, high = (_number(score[key], decimals) for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
