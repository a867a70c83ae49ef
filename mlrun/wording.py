"""Phrases for evaluations, counts, lists and times, so that all outputs use the same words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def tasks_in_words(result: Mapping[str, Any]) -> str:
    """The tasks of an evaluation report: ``ml1/reach-v3, 50 test tasks, horizon 500``."""
    horizon = f", horizon {result['horizon']}" if result["horizon"] else ""
    tasks = counted(result["tasks"], f"{result['split']} task")
    return f"{result['benchmark']}, {tasks}{horizon}"


def data_in_words(result: Mapping[str, Any]) -> str:
    """The data that the model of an evaluation report adapted to; or of a comparison, where each has its own."""
    if result.get("steps", 0) is None:
        return "adaptation episodes as below"
    if result.get("data_by_step", [0])[1:2] == [1] != [result.get("episodes")]:  # a memory adapts in each trial alone
        return f"1 adaptation episode per step, mean of {counted(result['episodes'], 'trial')} per task"
    if "episodes" in result:
        return f"{counted(result['episodes'], 'adaptation episode')} per step"
    return f"adapted to {counted(result['shots'], 'example')}"


def aids_in_words(aids: Sequence[str]) -> str:
    """What training used besides the usual tasks, of which there must be something: ``trained with ...``."""
    return f"trained with {listed(list(aids))}"


def moment_in_words(step: int | None) -> str:
    """When a model was scored: ``before adaptation``, ``after 1 step``, ``after 2 steps``, ...

    None is ``after adaptation``, where models take different steps.
    """
    if step is None:
        return "after adaptation"
    return f"after {counted(step, 'step')}" if step else "before adaptation"


def score_in_words(result: Mapping[str, Any], step: int) -> str:
    """What was scored after an adaptation step of an evaluation: the model, or an episode of a memory's trial."""
    return f"episode {step + 1} of a trial" if "without_rewards" in result else moment_in_words(step)


def memory_checks(result: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names and scores that show whether a memory infers its task: after the last step, of the evaluation's checks.

    There are none for a learner without a memory.
    """
    if "without_rewards" not in result:
        return
    other, blind = result["other_split"], result["without_rewards"]
    last = f"episode {len(result['by_step'])}"
    yield f"{'training' if other['split'] == 'train' else 'held-out'} tasks, {last}", other["by_step"][-1]
    yield f"without rewards, {last}", blind["by_step"][-1]


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
