"""The meta-training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import torch

from mlrun.benchmarks.task import Task
from mlrun.config.schema import Experiment
from mlrun.experiment.build import build_algorithm, build_benchmark, build_problem
from mlrun.experiment.errors import Diverged, Interrupted
from mlrun.experiment.evaluate import evaluate_by_step
from mlrun.experiment.interrupts import interrupts
from mlrun.experiment.reporter import Reporter
from mlrun.experiment.run_directory import RunDirectory
from mlrun.randomness import RandomKey


def train(experiment: Experiment, run: RunDirectory, reporter: Reporter) -> None:
    """Meta-train to the experiment's absolute number of iterations, from the last checkpoint where there is one.

    Args:
        experiment: what to do.
        run: where metrics and checkpoints go.
        reporter: who is told how it goes.

    Raises:
        Interrupted: a signal asked to stop; a checkpoint was saved first.
        Diverged: a loss, a score or a parameter is not finite; the last good checkpoint stands.
    """
    MetaTraining(experiment, run, reporter).run()


class MetaTraining:
    """One run: sample tasks, update, evaluate, log, checkpoint, again.

    Attributes:
        iteration: meta-iterations done.
        elapsed: seconds of training, earlier processes of the same run included.
        best: score of the best evaluation so far, or None.
    """

    def __init__(self, experiment: Experiment, run: RunDirectory, reporter: Reporter) -> None:
        self.experiment = experiment
        self.directory = run
        self.reporter = reporter
        self.benchmark = build_benchmark(experiment)
        self.problem = build_problem(
            experiment, self.benchmark, episodes_per_task=experiment.rollouts.episodes_per_task
        )
        self.evaluation_problem = build_problem(
            experiment, self.benchmark, episodes_per_task=experiment.evaluation.episodes
        )
        self.algorithm = build_algorithm(experiment)
        self.iteration = 0
        self.elapsed = 0.0
        self.best: list[float] | None = None

    def run(self) -> None:
        """The loop."""
        total = self.experiment.training.iterations
        with interrupts() as signals:
            self._restore_or_initialise()
            try:
                while self.iteration < total:
                    self._iterate(total)
                    signals.check()
            except Interrupted:
                self._checkpoint()
                raise
        if not self.directory.checkpoints.exists(self.iteration):
            self._checkpoint()

    def _restore_or_initialise(self) -> None:
        if not self.directory.checkpoints.exists("last"):
            self.algorithm.initialise(self.problem, self._key(0, "parameters"))
            self.directory.write_tasks(self.benchmark)
            return
        state = self.directory.checkpoints.load("last")
        self.algorithm.load_state_dict(state["algorithm"], self.problem.device)
        self.iteration, self.elapsed, self.best = state["iteration"], state["elapsed"], state["best"]
        self.directory.metrics.cut_after(self.iteration)
        self.reporter.note(f"continuing after iteration {self.iteration}")

    def _iterate(self, total: int) -> None:
        iteration = self.iteration + 1
        training = self.experiment.training
        started = time.perf_counter()
        row = self._update(iteration)
        last = iteration == total
        improved = False
        if last or iteration % training.evaluate_every == 0:
            improved = self._evaluate(iteration, row)
        self.elapsed += time.perf_counter() - started
        self.iteration = iteration
        row["time"] = self.elapsed
        self.directory.metrics.append(row)
        self.reporter.iteration(row, total)
        if improved or last or iteration % training.checkpoint_every == 0:
            self._checkpoint(best=improved)

    def _update(self, iteration: int) -> dict[str, Any]:
        started = time.perf_counter()
        cost = self.problem.cost
        steps, collecting = cost.samples, cost.seconds
        try:
            metrics = self.algorithm.update(self.problem, self._draw_tasks(iteration), self._key(iteration, "update"))
        except FloatingPointError as error:
            raise Diverged(f"iteration {iteration}: {error}") from error
        self._require_finite(iteration, metrics)
        seconds = time.perf_counter() - started
        steps, collecting = cost.samples - steps, cost.seconds - collecting
        return {
            "iteration": iteration,
            **metrics,
            "env_steps": steps,
            "env_steps_per_second": steps / collecting,
            "time/collect": collecting,
            "time/update": seconds - collecting,
        }

    def _draw_tasks(self, iteration: int) -> Sequence[Task]:
        """A meta-batch of training tasks, without replacement."""
        tasks = self.benchmark.train_tasks
        generator = self._key(iteration, "tasks").numpy_generator()
        drawn = generator.choice(len(tasks), self.experiment.training.tasks_per_batch, replace=False)
        return [tasks[index] for index in drawn]

    def _evaluate(self, iteration: int, row: dict[str, Any]) -> bool:
        """Score the training tasks, so that choosing the best checkpoint never looks at a held-out one."""
        tasks, steps = self.benchmark.train_tasks, self.experiment.evaluation.steps
        by_step = evaluate_by_step(
            self.algorithm, self.evaluation_problem, tasks, self._key(iteration, "evaluate/train"), steps
        )
        summary = {
            f"eval/{moment}/{name}": float(values.mean())
            for moment, scores in (("pre", by_step[0]), ("post", by_step[-1]))
            for name, values in scores.items()
        }
        row.update(summary)
        self.reporter.evaluation(iteration, summary)
        score = [summary["eval/post/success_last"], summary["eval/post/return"]]
        improved = self.best is None or score > self.best
        if improved:
            self.best = score
        return improved

    def _require_finite(self, iteration: int, metrics: dict[str, float]) -> None:
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise Diverged(f"iteration {iteration}: {name} is {value}")
        for name, tensor in self.algorithm.state_dict()["parameters"].items():
            if not torch.isfinite(tensor).all():
                raise Diverged(f"iteration {iteration}: parameter {name} is not finite")

    def _checkpoint(self, *, best: bool = False) -> None:
        state = {
            "iteration": self.iteration,
            "elapsed": self.elapsed,
            "best": self.best,
            "algorithm": self.algorithm.state_dict(),
        }
        self.directory.checkpoints.save(self.iteration, state, best=best)

    def _key(self, iteration: int, purpose: str) -> RandomKey:
        return RandomKey(self.experiment.seed, iteration, purpose)
