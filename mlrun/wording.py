"""Evaluations, numbers and times in words, the same wherever people read them."""

from collections.abc import Mapping
from typing import Any


def tasks_in_words(result: Mapping[str, Any]) -> str:
    """Which tasks were evaluated."""
    horizon = f", horizon {result['horizon']}" if result["horizon"] else ""
    tasks = counted(result["tasks"], f"{result['split']} task")
    return f"{result['benchmark']}, {tasks}{horizon}"


def data_in_words(result: Mapping[str, Any]) -> str:
    """What was adapted to."""
    if "episodes" in result:
        return f"{counted(result['episodes'], 'adaptation episode')} per step"
    return f"adapted to {counted(result['shots'], 'example')}"


def moment_in_words(step: int) -> str:
    """When a model was scored."""
    return f"after {counted(step, 'step')}" if step else "before adaptation"


def counted(number: int, thing: str) -> str:
    """A number of things."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def listed(things: list[str]) -> str:
    """Things one after the other: ``a, b and c``."""
    *others, last = things
    return f"{', '.join(others)} and {last}" if others else last


def duration(seconds: float | None) -> str:
    """Seconds as a person reads them: ``0:42``, ``12:05``, ``3:07:00``; ``?`` for None."""
    if seconds is None:
        return "?"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
