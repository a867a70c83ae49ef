"""The table of an evaluation."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from mlrun.cli.shared.output import columns
from mlrun.scores import SCORES
from mlrun.wording import counted, data_in_words, moment_in_words, tasks_in_words


def evaluation_table(result: Mapping[str, Any]) -> Table:
    """Scores by adaptation step with their intervals, then what policies reach that do not adapt."""
    shown = {name: score for name, score in SCORES.items() if name in result["by_step"][0]}
    table = columns("", *(score.label for score in shown.values()))
    for scores in result["by_step"]:
        intervals = (_interval(scores[name], score.decimals) for name, score in shown.items())
        table.add_row(moment_in_words(scores["step"]), *intervals)
    table.add_row()
    for label, floor in result["floors"].items():
        table.add_row(label, *(_number(floor.get(name), score.decimals) for name, score in shown.items()))
    return table


def evaluation_title(result: Mapping[str, Any]) -> str:
    """What was evaluated, and how, in one line."""
    return f"{tasks_in_words(result)}; checkpoint {result['checkpoint']}, {data_in_words(result)}"


def doubt_about_horizon(result: Mapping[str, Any]) -> str | None:
    """What to say where episodes are so short that no policy to compare with succeeds, an expert included."""
    successes = [floor["success_any"] for floor in result["floors"].values() if "success_any" in floor]
    if not successes or any(successes):
        return None
    within = counted(result["horizon"], "control step")
    return f"no policy to compare with succeeds on any task within {within}; is benchmark.horizon long enough?"


def _interval(score: Mapping[str, float | None], decimals: int) -> str:
    mean, low, high = (_number(score[key], decimals) for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"
