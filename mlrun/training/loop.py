"""The meta-training loop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from mlrun.algorithms.protocol import HasLargeState
from mlrun.benchmarks.task import Task
from mlrun.config.schema import Experiment
from mlrun.errors import CheckpointError, Diverged, Interrupted
from mlrun.finite import require_finite
from mlrun.randomness import RandomKey
from mlrun.runs.directory import RunDirectory
from mlrun.runs.same_experiment import require_same_experiment
from mlrun.task_group import TaskGroup
from mlrun.training.algorithm_state import commit, large_state_of, restore, state_of
from mlrun.training.build import build_algorithm, build_benchmark, build_problem
from mlrun.training.device import Placement, arithmetic, place
from mlrun.training.evaluation import adaptation_steps, evaluate_by_step
from mlrun.training.interrupts import Interrupts, interrupts
from mlrun.training.non_finite import non_finite_ends
from mlrun.training.reporter import Reporter


def train(experiment: Experiment, run: RunDirectory, reporter: Reporter, placement: Placement | None = None) -> None:
    """Meta-train to the experiment's absolute number of iterations. Continues from the last checkpoint if there is one.

    Args:
        experiment: what to do.
        run: where metrics and checkpoints go.
        reporter: is told about progress.
        placement: where to compute; None chooses for the experiment on this machine.

    Raises:
        Interrupted: a signal asked to stop. The last complete iteration is saved.
        Diverged: a loss, a score or a parameter is not finite. The last complete iteration is saved.
    """
    with interrupts() as signals, arithmetic(experiment):
        MetaTraining(experiment, run, reporter, placement or place(experiment)).run(signals)


class MetaTraining:
    """One run: sample tasks, update, evaluate, log, checkpoint, and again.

    Args:
        experiment: what to do.
        run: where metrics and checkpoints go.
        reporter: is told about progress.
        placement: where to compute.
        group: what combines the tasks of a batch; None if this process has all of them.

    Attributes:
        iteration: number of complete meta-iterations.
        elapsed: seconds of training, with those of earlier processes of the same run.
        best: rank of the best evaluation so far, or None.
        best_iteration: the iteration of that evaluation, or None.
        complete: a copy of the state after the last complete iteration. Checkpoints save it.
    """

    def __init__(
        self,
        experiment: Experiment,
        run: RunDirectory,
        reporter: Reporter,
        placement: Placement,
        group: TaskGroup | None = None,
    ) -> None:
        self.experiment = experiment
        self.placement = placement
        self.directory = run
        self.reporter = reporter
        self.group = group or TaskGroup()
        self.benchmark = build_benchmark(experiment)
        self.problem, self.evaluation_problem = (
            build_problem(experiment, self.benchmark, data_per_task, placement, self.group)
            for data_per_task in (experiment.training_data, experiment.evaluation_data)
        )
        self.algorithm = build_algorithm(experiment)
        self.iteration = 0
        self.elapsed = 0.0
        self.best: list[float] | None = None
        self.best_iteration: int | None = None
        self.complete: dict[str, Any] = {}

    def run(self, signals: Interrupts) -> None:
        """The loop. If an error or a signal ends it, the last complete iteration is saved first."""
        total = self.experiment.training.iterations
        if note := self.placement.note:
            self.reporter.note(note)
        self._restore_or_initialise()
        before, signals.save = signals.save, self._save_on_request
        try:
            while self.iteration < total:
                signals.check()
                self._iterate(total)
        except Interrupted:
            self._checkpoint()
            raise
        except Exception as error:  # also of a GPU or a plug-in; they cannot have damaged the copy of the state
            self._save_despite(error)
            raise
        finally:
            signals.save = before

    def _restore_or_initialise(self) -> None:
        state = self.directory.checkpoints.load_newest(warn=self.reporter.note)
        self.algorithm.initialise(self.problem, self._key(0, "parameters"))
        if state is None:
            self.directory.write_tasks(self.benchmark)
        else:
            require_same_experiment(state["experiment"], self.experiment)
            if isinstance(self.algorithm, HasLargeState) and "large_state" not in state:
                raise CheckpointError(
                    f"checkpoint {state['iteration']} has no large state; {self.experiment.algorithm.name} needs it"
                )
            restore(self.algorithm, state["algorithm"], self.problem.device, state.get("large_state"))
            self.iteration, self.elapsed = state["iteration"], state["elapsed"]
            self.best, self.best_iteration = state["best"], state["best_iteration"]
            self.reporter.note(f"continuing after iteration {self.iteration}")
        self.directory.metrics.cut_after(self.iteration)
        self.complete = self._state()

    def _iterate(self, total: int) -> None:
        iteration = self.iteration + 1
        training = self.experiment.training
        started = time.perf_counter()
        row = self._update(iteration)
        last = iteration == total
        evaluation, improved = {}, False
        if last or iteration % training.evaluate_every == 0:
            evaluation, improved = self._evaluate(iteration)
        self.elapsed += time.perf_counter() - started
        self.iteration = iteration
        row |= {**evaluation, "time": self.elapsed}
        self.directory.metrics.append(row)
        complete = self._state()  # after the row is written: a saved iteration must have its row
        commit(self.algorithm)
        self.complete = complete
        self.reporter.iteration(row, total)
        if evaluation:
            self.reporter.evaluation(iteration, evaluation)
        if improved or last or iteration % training.checkpoint_every == 0:
            self._checkpoint()

    def _update(self, iteration: int) -> dict[str, Any]:
        started = time.perf_counter()
        cost = self.problem.cost
        samples, collecting, warnings = cost.samples, cost.seconds, cost.warnings.copy()
        batch = self._draw_tasks(iteration)
        tasks = self.group.share(batch)
        with non_finite_ends(f"iteration {iteration}", tasks):
            metrics = self.algorithm.update(self.problem, tasks, self._key(iteration, "update", batch))
            require_finite({**metrics, **self.algorithm.state_dict()})
        seconds = time.perf_counter() - started
        samples, collecting = self.group.count(cost.samples - samples), cost.seconds - collecting
        # An engine lists all its kinds of warnings, so all processes count the same ones, in the same order.
        warned = {name: self.group.count(count - warnings[name]) for name, count in cost.warnings.items()}
        return {
            "iteration": iteration,
            **metrics,
            cost.unit: samples,
            **({f"{cost.unit}_per_second": samples / collecting} if collecting else {}),
            **{f"warnings/{name}": count for name, count in warned.items() if count},
            "time/collect": collecting,
            "time/update": seconds - collecting,
        }

    def _draw_tasks(self, iteration: int) -> Sequence[Task]:
        generator = self._key(iteration, "tasks").numpy_generator()
        return self.benchmark.draw_tasks(self.experiment.training.tasks_per_batch, generator)

    def _evaluate(self, iteration: int) -> tuple[dict[str, float], bool]:
        """Score the training tasks. Held-out tasks have no influence on which checkpoint is the best.

        Returns:
            The mean scores as metrics, and whether they are the best so far.
        """
        every, steps = self.benchmark.train_tasks, adaptation_steps(self.experiment, self.algorithm)
        tasks, key = self.group.share(every), self._key(iteration, "evaluate/train", every)
        with non_finite_ends(f"evaluation after iteration {iteration}", tasks):
            by_step = evaluate_by_step(self.algorithm, self.evaluation_problem, tasks, key, steps)
            before, after = (
                {name: float(self.group.mean(values)) for name, values in scores.items()}
                for scores in (by_step[0], by_step[-1])
            )
            summary = {
                f"eval/{moment}/{name}": mean
                for moment, means in (("pre", before), ("post", after))
                for name, mean in means.items()
            }
            require_finite(summary)
        score = self.problem.rank(after)
        improved = self.best is None or score > self.best
        if improved:
            self.best, self.best_iteration = score, iteration
        return summary, improved

    def _checkpoint(self) -> None:
        iteration = self.complete["iteration"]
        best = iteration == self.complete["best_iteration"]
        self.directory.checkpoints.save(iteration, self.complete, best=best, large=large_state_of(self.algorithm))

    def _save_despite(self, error: Exception) -> None:
        """Save because of an error. If that fails too, it is only noted, and the first error stays."""
        try:
            self._checkpoint()
            if isinstance(error, Diverged):
                self._record_divergence(error)
        except Exception as unsaved:  # of any type: the first error is why training ends
            self.reporter.note(f"iteration {self.complete['iteration']} could not be saved: {unsaved}")

    def _record_divergence(self, error: Diverged) -> None:
        """Write what one needs to repeat it. Every random number is a function of the seed and the iteration."""
        iteration = self.complete["iteration"]
        record = {
            "after_iteration": iteration,
            "quantity": error.quantity,
            "task": error.task,
            "message": str(error),
            "seed": self.experiment.seed,
            "meta_batch": [task.to_dict() for task in self._draw_tasks(iteration + 1)],
            "checkpoint": f"{iteration:06d}.pt",
        }
        self.directory.write_divergence(record)

    def _save_on_request(self) -> None:
        self._checkpoint()
        self.reporter.note(f"saved iteration {self.complete['iteration']}")

    def _state(self) -> dict[str, Any]:
        return {
            "iteration": self.iteration,
            "elapsed": self.elapsed,
            "best": self.best,
            "best_iteration": self.best_iteration,
            "experiment": self.experiment.model_dump(mode="json"),
            "algorithm": state_of(self.algorithm),
        }

    def _key(self, iteration: int, purpose: str, batch: Sequence[Task] = ()) -> RandomKey:
        """The key of a purpose. Its slots are those of this process's tasks in the batch."""
        return RandomKey(self.experiment.seed, iteration, purpose, self.group.first_slot(len(batch)))
