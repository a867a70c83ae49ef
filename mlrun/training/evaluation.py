"""The evaluation protocol: scores of every task after every adaptation step, intervals, and reference scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch

from mlrun.algorithms.protocol import MetaAlgorithm
from mlrun.benchmarks.protocol import Benchmark
from mlrun.benchmarks.task import Task
from mlrun.config.schema import Experiment
from mlrun.finite import require_finite_tasks
from mlrun.learner import AdaptedLearner
from mlrun.problems.episodes import EpisodicProblem
from mlrun.problems.protocol import Problem
from mlrun.randomness import RandomKey
from mlrun.runs.directory import RunDirectory
from mlrun.runs.same_experiment import require_same_experiment
from mlrun.task_group import TaskGroup
from mlrun.training.algorithm_state import restore
from mlrun.training.build import build_benchmark, build_problem, fresh_algorithm
from mlrun.training.device import Placement, arithmetic, physics_threads, place
from mlrun.training.non_finite import non_finite_ends

BOOTSTRAP_RESAMPLES = 10_000

Scores = dict[str, torch.Tensor]


def adaptation_steps(experiment: Experiment, algorithm: MetaAlgorithm) -> int:
    """The number of steps in the experiment's evaluation section, or else the number that the algorithm trains for."""
    steps = experiment.evaluation.steps
    return algorithm.adaptation_steps if steps is None else steps


def evaluate_by_step(
    algorithm: MetaAlgorithm, problem: Problem, tasks: Sequence[Task], key: RandomKey, steps: int
) -> list[Scores]:
    """Scores of every task after 0, 1, ... ``steps`` adaptation steps, each entry ``(tasks,)``.

    A policy adapts with random actions. Its scores are those of its mean actions in fresh episodes.
    """
    return [problem.evaluate(learner, tasks, key) for learner in algorithm.adapt(problem, tasks, key, steps)]


@dataclass(frozen=True)
class Adaptation:
    """A checkpoint's algorithm, adapted to every task of a split.

    Attributes:
        algorithm: the algorithm in the state of the checkpoint.
        benchmark: the benchmark that has the tasks.
        problem: the problem that it adapted to.
        checkpoint: the iteration of the checkpoint.
        placement: where it was computed.
        tasks: the tasks of the split that this process works on.
        all_tasks: all tasks of the split.
        key: for the randomness of this evaluation.
        by_step: the learners after 0, 1, ... adaptation steps.
    """

    algorithm: MetaAlgorithm
    benchmark: Benchmark
    problem: Problem
    checkpoint: int
    placement: Placement
    tasks: Sequence[Task]
    all_tasks: Sequence[Task]
    key: RandomKey
    by_step: Sequence[AdaptedLearner]


def adapt_run(
    run: RunDirectory,
    *,
    split: str = "test",
    checkpoint: str | int | None = None,
    data_per_task: int | None = None,
    steps: int | None = None,
    group: TaskGroup | None = None,
) -> Adaptation:
    """Adapt a run's checkpoint to all tasks of a split, as `evaluate_run` does. The arguments are the same.

    Raises:
        CheckpointNotFoundError: there is no such checkpoint.
        CheckpointError: the checkpoint is damaged, or does not fit the experiment.
        ChangedExperimentError: the checkpoint is of another experiment.
        Diverged: a loss, an action or an observation during adaptation is not finite.
    """
    experiment = run.experiment()
    data_per_task = experiment.evaluation_data if data_per_task is None else data_per_task
    if checkpoint is None:
        checkpoint = "best" if run.checkpoints.exists("best") else "last"
    state = run.checkpoints.load(checkpoint)
    require_same_experiment(state["experiment"], experiment, but_for="evaluation")
    benchmark = build_benchmark(experiment)
    placement = place(experiment)
    problem = build_problem(experiment, benchmark, data_per_task, placement, group)
    algorithm = fresh_algorithm(experiment, problem)
    restore(algorithm, state["algorithm"], problem.device)
    steps = adaptation_steps(experiment, algorithm) if steps is None else steps
    return _adapt(experiment, algorithm, benchmark, problem, state["iteration"], placement, split, steps)


def _adapt(
    experiment: Experiment,
    algorithm: MetaAlgorithm,
    benchmark: Benchmark,
    problem: Problem,
    checkpoint: int,
    placement: Placement,
    split: str,
    steps: int,
) -> Adaptation:
    """Adapt a restored algorithm to all tasks of a split."""
    every = benchmark.test_tasks if split == "test" else benchmark.train_tasks
    tasks, first_slot = problem.group.share(every), problem.group.first_slot(len(every))
    key = evaluation_key(experiment.seed, checkpoint, split, first_slot)
    with arithmetic(experiment), non_finite_ends(f"adaptation from checkpoint {checkpoint}", tasks):
        by_step = algorithm.adapt(problem, tasks, key, steps)
    return Adaptation(algorithm, benchmark, problem, checkpoint, placement, tasks, every, key, by_step)


def evaluation_key(seed: int, checkpoint: int, split: str, first_slot: int = 0) -> RandomKey:
    """The key for the randomness of an evaluation of a checkpoint."""
    return RandomKey(seed, checkpoint, f"evaluate/{split}", first_slot)


def evaluate_run(
    run: RunDirectory,
    *,
    split: str = "test",
    checkpoint: str | int | None = None,
    data_per_task: int | None = None,
    steps: int | None = None,
    group: TaskGroup | None = None,
) -> dict[str, Any]:
    """Evaluate a run's checkpoint on all tasks of a split, and save the result in the run.

    Args:
        run: the run to evaluate.
        split: "test" for the held-out tasks, "train" for those that the best checkpoint was chosen by.
        checkpoint: "best", "last", an iteration, or None for the best, or the last if there is no best.
        data_per_task: adaptation episodes per task and step, or examples per task; None for the experiment's own.
        steps: adaptation steps; None for the experiment's own.
        group: what combines the tasks of the split; None if this process has all of them.

    Returns:
        A JSON-able report. On a CPU, the same arguments give the same report.

    Raises:
        CheckpointNotFoundError: there is no such checkpoint.
        CheckpointError: the checkpoint is damaged, or does not fit the experiment.
        ChangedExperimentError: the checkpoint is of another experiment.
        Diverged: a loss, an action, an observation or a score is not finite.
    """
    experiment = run.experiment()
    adaptation = adapt_run(
        run, split=split, checkpoint=checkpoint, data_per_task=data_per_task, steps=steps, group=group
    )
    benchmark, tasks, key = adaptation.benchmark, adaptation.all_tasks, adaptation.key
    by_step = _scores_by_step(adaptation, experiment)
    report = {
        "run": run.id,
        "benchmark": benchmark.name,
        "algorithm": experiment.algorithm.name,
        "split": split,
        "checkpoint": adaptation.checkpoint,
        "seed": experiment.seed,
        "aids": list(experiment.aids),
        "tasks": len(tasks),
        experiment.data_unit: experiment.evaluation_data if data_per_task is None else data_per_task,
        "device": adaptation.problem.device,
        "physics": adaptation.placement.physics,
        "horizon": getattr(benchmark, "horizon", None),
        "data_by_step": [learner.data_used for learner in adaptation.by_step],
        "by_step": _summaries(by_step, key),
        **(_of_memory(adaptation, experiment, split) if adaptation.by_step[0].memory else {}),
        "floors": benchmark.reference_scores(tasks, physics_threads(experiment)),
        "per_task": _per_task(tasks, by_step),
    }
    run.save_evaluation(report)
    return report


def _of_memory(adaptation: Adaptation, experiment: Experiment, split: str) -> dict[str, Any]:
    """What shows whether a memory infers its task or remembers training tasks: two more series of scores.

    One is of the other split: a learner that remembers its training tasks is better on them. The other is of a memory
    that sees no rewards: what it still reaches, it does not infer from them.
    """
    other, steps = "train" if split == "test" else "test", len(adaptation.by_step) - 1
    algorithm, benchmark, seeing = adaptation.algorithm, adaptation.benchmark, cast(EpisodicProblem, adaptation.problem)

    def series(problem: Problem, split: str) -> list[dict[str, Any]]:
        again = _adapt(
            experiment, algorithm, benchmark, problem, adaptation.checkpoint, adaptation.placement, split, steps
        )
        return _summaries(_scores_by_step(again, experiment), again.key)

    return {
        "other_split": {"split": other, "by_step": series(seeing, other)},
        "without_rewards": {"by_step": series(seeing.without_rewards(), split)},
    }


def _scores_by_step(adaptation: Adaptation, experiment: Experiment) -> list[Scores]:
    """The scores of all tasks of the split after each adaptation step."""
    problem, tasks, by_step = adaptation.problem, adaptation.tasks, []
    with arithmetic(experiment), non_finite_ends(f"adaptation from checkpoint {adaptation.checkpoint}", tasks):
        for step, learner in enumerate(adaptation.by_step):
            scores = problem.evaluate(learner, tasks, adaptation.key)
            for name, values in scores.items():
                require_finite_tasks(f"{name} after adaptation step {step}", values)
            by_step.append({name: problem.group.gather(values) for name, values in scores.items()})
    return by_step


def _summaries(by_step: list[Scores], key: RandomKey) -> list[dict[str, Any]]:
    """The scores after each adaptation step, with intervals."""
    return [{"step": step, **summarise(scores, key)} for step, scores in enumerate(by_step)]


def summarise(scores: Scores, key: RandomKey) -> dict[str, dict[str, float]]:
    """The mean over tasks, and its 95% percentile-bootstrap interval. Tasks are resampled with replacement.

    Args:
        scores: each ``(tasks,)``.
        key: for the resampling.
    """
    values = torch.stack(list(scores.values()), dim=1).double().cpu().numpy()
    tasks = len(values)
    draws = (
        replace(key.child("bootstrap"), first_slot=0)
        .numpy_generator()
        .multinomial(tasks, np.full(tasks, 1 / tasks), BOOTSTRAP_RESAMPLES)
    )
    low, high = np.percentile(draws @ values / tasks, [2.5, 97.5], axis=0)
    return {
        name: {"mean": float(mean), "low": float(low[column]), "high": float(high[column])}
        for column, (name, mean) in enumerate(zip(scores, values.mean(0), strict=True))
    }


def _per_task(tasks: Sequence[Task], by_step: list[Scores]) -> list[dict[str, Any]]:
    return [
        {
            **task.to_dict(),
            "by_step": [{name: float(values[slot]) for name, values in scores.items()} for scores in by_step],
        }
        for slot, task in enumerate(tasks)
    ]
