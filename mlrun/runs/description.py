"""All there is to say about one run."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from mlrun.config import ConfigError, load_experiment
from mlrun.config.schema import Experiment
from mlrun.errors import ChangedExperimentError, MlrunError
from mlrun.runs.checkpoints import Checkpoints
from mlrun.runs.layout import CHECKPOINTS, CONFIG, DIVERGENCE, EVALUATIONS
from mlrun.runs.listing import Summary
from mlrun.runs.record import read_small_file
from mlrun.runs.same_experiment import require_recorded_experiment
from mlrun.scores import SCORES

_MAX_BYTES = 64 * 2**20


def summary_as_data(summary: Summary) -> dict[str, Any]:
    """A line of a listing as plain data."""
    evaluation = summary.evaluation
    return {
        "id": summary.id,
        "path": str(summary.path),
        "status": summary.status,
        "problems": summary.problems,
        "iteration": summary.iteration,
        "iterations": summary.iterations,
        "evaluation": evaluation and vars(evaluation),
        "changed": datetime.fromtimestamp(summary.changed).astimezone().isoformat(timespec="seconds"),
        "bytes": summary.bytes,
    }


def describe_run(summary: Summary) -> dict[str, Any]:
    """All there is to say about a run, as plain data.

    ::

        id, path, status, problems, iteration, iterations, evaluation, changed, bytes
        exit_reason  why it ended, or null
        divergence   the file that says where and for which task it diverged, or null
        created      when
        experiment   what is in config.yaml, or null where that is not valid in this version, or was edited
        attempts     of run.json
        metrics      the last row, or null
        checkpoints  {iterations, last, best}
        evaluations  of eval/, without single tasks
    """
    problems = list(summary.problems)
    experiment = _experiment(summary, problems)
    record, divergence = summary.record, summary.path / DIVERGENCE
    described = {
        "exit_reason": record and record.exit_reason,
        "divergence": str(divergence) if divergence.is_file() else None,
        "created": record and record.created,
        "experiment": experiment and experiment.model_dump(mode="json"),
        "attempts": [attempt.model_dump() for attempt in record.attempts] if record else [],
        "metrics": summary.metrics,
        "checkpoints": _checkpoints(summary.path / CHECKPOINTS),
        "evaluations": _evaluations(summary.path / EVALUATIONS, problems),
    }
    return {**summary_as_data(summary), "problems": problems, **described}


def _experiment(summary: Summary, problems: list[str]) -> Experiment | None:
    if summary.iterations is None:  # a file that cannot be read at all has been reported
        return None
    try:
        experiment = load_experiment(summary.path / CONFIG)
        require_recorded_experiment(summary.path, experiment, but_for=None if summary.can_go_on else "evaluation")
    except (ConfigError, ChangedExperimentError) as error:
        problems += str(error).splitlines()
        return None
    return experiment


def _checkpoints(directory: Path) -> dict[str, Any]:
    links = {link: (directory / link).resolve() for link in ("last", "best") if (directory / link).is_file()}
    pointed = {link: int(target.stem) if target.stem.isdecimal() else None for link, target in links.items()}
    return {"iterations": Checkpoints(directory, keep=1).iterations(), "last": None, "best": None, **pointed}


def _evaluations(directory: Path, problems: list[str]) -> list[dict[str, Any]]:
    found = []
    for path in sorted(directory.glob("*.json")):
        try:
            found.append(_evaluation(path))
        except MlrunError as error:
            problems.append(f"{EVALUATIONS}/{error}")
    return found


def _evaluation(path: Path) -> dict[str, Any]:
    try:
        result = json.loads(read_small_file(path, _MAX_BYTES))
        kept = ("split", "checkpoint", "tasks", "episodes", "shots")
        about = {name: result[name] for name in kept if name in result}
        before, after = (_means(result["by_step"][step]) for step in (0, -1))
        steps = len(result["by_step"]) - 1
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise MlrunError(f"{path.name} is damaged: {type(error).__name__}: {error}") from error
    return {"file": str(path), **about, "steps": steps, "before": before, "after": after}


def _means(scores: dict[str, Any]) -> dict[str, float | None]:
    means = {name: scores[name]["mean"] for name in SCORES if name in scores}
    if any(not isinstance(mean, int | float | None) for mean in means.values()):
        raise ValueError("a score that is not a number")
    return means
