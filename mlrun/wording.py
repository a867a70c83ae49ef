"""Phrases for evaluations, counts, lists and times, so that all outputs use the same words."""

from collections.abc import Mapping
from typing import Any


def tasks_in_words(result: Mapping[str, Any]) -> str:
    """The tasks of an evaluation report: ``ml1/reach-v3, 50 test tasks, horizon 500``."""
    horizon = f", horizon {result['horizon']}" if result["horizon"] else ""
    tasks = counted(result["tasks"], f"{result['split']} task")
    return f"{result['benchmark']}, {tasks}{horizon}"


def data_in_words(result: Mapping[str, Any]) -> str:
    """The data that the model of an evaluation report adapted to."""
    if "episodes" in result:
        return f"{counted(result['episodes'], 'adaptation episode')} per step"
    return f"adapted to {counted(result['shots'], 'example')}"


def moment_in_words(step: int) -> str:
    """When a model was scored: ``before adaptation``, ``after 1 step``, ``after 2 steps``, ..."""
    return f"after {counted(step, 'step')}" if step else "before adaptation"


def counted(number: int, thing: str) -> str:
    """A number with its noun: ``1 step``, ``2 steps``."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def listed(things: list[str]) -> str:
    """A list in words: ``a, b and c``. It must not be empty."""
    *others, last = things
    return f"{', '.join(others)} and {last}" if others else last


def duration(seconds: float | None) -> str:
    """Seconds as minutes, or as hours: ``0:42``, ``12:05``, ``3:07:00``. None is ``?``."""
    if seconds is None:
        return "?"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
