"""Finished runs without the training: directories with the metrics and the evaluations that a test needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlrun.config import load_experiment
from mlrun.runs.directory import RunDirectory

SINUSOID = "{benchmark: {name: sinusoid}, algorithm: {name: reptile, inner: {steps: 1}}, training: {iterations: 3}}"
REACH = "{benchmark: {name: ml1/reach-v3}, algorithm: {name: maml}, training: {iterations: 3}}"
RL2 = "{benchmark: {name: ml1/reach-v3}, algorithm: {name: rl2, trial: {episodes: 3}}, training: {iterations: 3}}"

Scores = Mapping[str, Sequence[float]]


def make_run(
    directory: Path, text: str = SINUSOID, *settings: str, rows: Sequence[dict[str, Any]] = ()
) -> RunDirectory:
    """A run of the experiment in a YAML text, with overrides and rows of metrics."""
    path = directory / "experiment.yaml"
    path.write_text(text)
    run = RunDirectory.create(directory / "runs", load_experiment(path, settings))
    for row in rows:
        run.metrics.append(row)
    return run


def report(run: RunDirectory, by_step: Sequence[Scores], **about: Any) -> dict[str, Any]:
    """An evaluation as `evaluate_run` returns it.

    Args:
        run: what was evaluated.
        by_step: scores by name after 0, 1, ... steps, each with a number for every task.
        about: what differs from the experiment's own protocol, for example ``split`` or ``shots``.
    """
    experiment = run.experiment()
    tasks = len(next(iter(by_step[0].values())))
    return {
        "run": run.id,
        "benchmark": experiment.benchmark.name,
        "algorithm": experiment.algorithm.name,
        "split": "test",
        "checkpoint": 3,
        "seed": experiment.seed,
        "tasks": tasks,
        experiment.data_unit: experiment.evaluation_data,
        "horizon": getattr(experiment.benchmark, "horizon", None),
        "by_step": [{"step": step, **_intervals(scores)} for step, scores in enumerate(by_step)],
        "floors": {"zero": dict.fromkeys(by_step[0], 4.5)},
        "per_task": [_task(index, by_step) for index in range(tasks)],
        **about,
    }


def of_memory(by_step: Sequence[Scores]) -> dict[str, Any]:
    """What the evaluation of a learner that adapts by its memory says besides."""
    again = [{"step": step, **_intervals(scores)} for step, scores in enumerate(by_step)]
    checks = {"other_split": {"split": "train", "by_step": again}, "without_rewards": {"by_step": again}}
    return {"data_by_step": list(range(len(by_step))), **checks}


def _task(index: int, by_step: Sequence[Scores]) -> dict[str, Any]:
    scores = [{name: values[index] for name, values in step.items()} for step in by_step]
    return {"index": index, "split": "test", "parameters": [0.5 * index], "by_step": scores}


def _intervals(scores: Scores) -> dict[str, Any]:
    return {
        name: {"mean": sum(values) / len(values), "low": min(values), "high": max(values)}
        for name, values in scores.items()
    }
