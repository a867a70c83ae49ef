"""The table of an evaluation."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from mlrun.cli.output import columns

_DECIMALS = {"success_any": 2, "success_last": 2, "return": 1, "time_to_success": 1}
_HEADS = ("success at any step", "success at the last step", "return", "control steps to success")


def evaluation_table(result: Mapping[str, Any]) -> Table:
    """Scores by adaptation step with their intervals, then what policies reach that do not adapt."""
    table = columns("", *_HEADS)
    table.title, table.title_justify, table.title_style = _title(result), "left", ""
    for scores in result["by_step"]:
        label = "before adaptation" if scores["step"] == 0 else f"after {_count(scores['step'], 'step')}"
        table.add_row(label, *(_interval(scores[name], decimals) for name, decimals in _DECIMALS.items()))
    table.add_row()
    for label, floor in result["floors"].items():
        scores = {"time_to_success": None, **floor}  # scripts are not timed
        table.add_row(label, *(_number(scores[name], decimals) for name, decimals in _DECIMALS.items()))
    return table


def _title(result: Mapping[str, Any]) -> str:
    return (
        f"{result['benchmark']}, {result['tasks']} {result['split']} tasks, horizon {result['horizon']};"
        f" checkpoint {result['checkpoint']}, {_count(result['episodes'], 'adaptation episode')} per step\n"
    )


def _interval(score: Mapping[str, float | None], decimals: int) -> str:
    mean, low, high = (_number(score[key], decimals) for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
