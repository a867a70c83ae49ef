"""Runs in lines of text."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mlrun.cli.shared.progress import metrics_line
from mlrun.config.reading.document import printable
from mlrun.runs.listing import Evaluation, Summary
from mlrun.runs.metrics import is_number
from mlrun.scores import SCORES, SHOWN
from mlrun.wording import counted, duration

_COLUMNS = ("run", "status", "done", "changed", "size", "before -> after adaptation")
_LONGEST = 300  # characters of a text that somebody else wrote


def table_of_runs(summaries: Sequence[Summary]) -> Iterator[str]:
    """A line of headings, and one for each run."""
    rows = [_COLUMNS, *(_cells(summary) for summary in summaries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def text_of_run(description: Mapping[str, Any]) -> Iterator[str]:
    """What `mlrun.runs.description.describe_run` gives, and what to type next."""
    for label, texts in _sections(description).items():
        for index, text in enumerate(texts):
            yield f"{'' if index else label:<13}{printable(text, _LONGEST)}"


def printable_path(path: Path) -> str:
    """A path in one line, whatever it is called."""
    return printable(str(path), _LONGEST)


def age(seconds: float) -> str:
    """How long ago something was, roughly."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"


def size(count: float) -> str:
    """A number of bytes, roughly."""
    for unit, length in (("GB", 1e9), ("MB", 1e6)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def _cells(summary: Summary) -> tuple[str, ...]:
    total = "?" if summary.iterations is None else summary.iterations
    outcome = "; ".join(summary.problems) or _one_score(summary.evaluation)
    return (
        printable(summary.id, _LONGEST),
        summary.status,
        f"{summary.iteration}/{total}",
        age(time.time() - summary.changed),
        size(summary.bytes),
        printable(outcome, _LONGEST) if outcome else "",
    )


def _one_score(evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return ""
    name = next(name for name in SCORES if name in evaluation.after)
    return _change(name, evaluation.before, evaluation.after)


def _change(name: str, before: Mapping[str, float | None], after: Mapping[str, float | None]) -> str:
    old, new = (SCORES[name].as_text(scores.get(name)) for scores in (before, after))
    return f"{SCORES[name].short} {old} -> {new}"


def _changes(evaluation: Mapping[str, Any]) -> str:
    return "  ".join(
        _change(name, evaluation["before"], evaluation["after"]) for name in SHOWN if name in evaluation["after"]
    )


def _sections(run: Mapping[str, Any]) -> dict[str, list[str]]:
    """Lines by label; a label without lines is not shown."""
    reason = f": {run['exit_reason']}" if run["exit_reason"] else ""
    evaluation = run["evaluation"]
    changed = age(time.time() - datetime.fromisoformat(run["changed"]).timestamp())
    return {
        "run": [run["path"]],
        "status": [f"{run['status']}{reason}"],
        "divergence": [run["divergence"]] if run["divergence"] else [],
        "problems": run["problems"],
        "experiment": [_experiment(run["experiment"])] if run["experiment"] else [],
        "iterations": [f"{run['iteration']} of {run['iterations'] or '?'}"],
        "metrics": _metrics(run["metrics"]) if run["metrics"] else [],
        "evaluated": [f"after iteration {evaluation['iteration']}: {_changes(evaluation)}"] if evaluation else [],
        "checkpoints": [_checkpoints(run["checkpoints"])],
        "eval": [_evaluation(result) for result in run["evaluations"]],
        "attempts": [line for attempt in run["attempts"] for line in _attempt(attempt)],
        "disk": [f"{size(run['bytes'])}, last changed {changed}"],
        "next": run["next"],
    }


def _experiment(experiment: Mapping[str, Any]) -> str:
    algorithm, benchmark = experiment["algorithm"]["name"], experiment["benchmark"]["name"]
    batch = experiment["training"]["tasks_per_batch"]
    return f"{algorithm} on {benchmark}, {batch} tasks per iteration, seed {experiment['seed']}"


def _metrics(row: Mapping[str, Any]) -> list[str]:
    followed = metrics_line({name: value for name, value in row.items() if is_number(value)})
    return [f"in iteration {row['iteration']}: {followed}"] if followed else []


def _checkpoints(checkpoints: Mapping[str, Any]) -> str:
    words = []
    for iteration in checkpoints["iterations"]:
        links = " and ".join(link for link in ("best", "last") if checkpoints[link] == iteration)
        words.append(f"{iteration} ({links})" if links else str(iteration))
    return ", ".join(words) or "none"


def _evaluation(result: Mapping[str, Any]) -> str:
    data = next((f"{result[unit]} {unit}, " for unit in ("episodes", "shots") if unit in result), "")
    about = f"checkpoint {result.get('checkpoint')} on {result.get('tasks')} {result.get('split')} tasks"
    return f"{about}, {data}{counted(result['steps'], 'step')}: {_changes(result)}"


def _attempt(attempt: Mapping[str, Any]) -> Iterator[str]:
    took = "" if attempt["seconds"] is None else f", took {duration(attempt['seconds'])}"
    yield f"{attempt['started']}{took}, process {attempt['pid']} on {attempt['host']}"
    git = attempt["git"]
    code = f"; commit {git['commit']}{' with changes' if git['dirty'] else ''}" if git else ""
    yield "  " + ", ".join(f"{name} {version}" for name, version in attempt["versions"].items() if version) + code
