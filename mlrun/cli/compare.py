"""`mlrun runs compare`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, AsJson, Runs, RunsDir, examples
from mlrun.cli.shared.output import note, print_json

if TYPE_CHECKING:
    from mlrun.analysis.comparison.protocol import EvaluatedRun
    from mlrun.runs.results import RunResults

NAME = "compare"
EXAMPLES = examples(
    "mlrun runs compare runs/*-maml-reach-* runs/*-reptile-reach-*",
    "mlrun runs compare runs/*-sweep-* --score success_last --csv > sweep.csv",
    "mlrun runs compare runs/*-sinusoid-* --shots 5 --json | jq '.groups[] | {label, error: .after.mean.value}'",
)


def command(
    runs: Runs,
    split: Annotated[Literal["test", "train"], typer.Option(help="The tasks that evaluations were made on.")] = "test",
    score: Annotated[
        str | None, typer.Option(metavar="NAME", help="Compare by this score. Default: the first in 'mlrun eval'.")
    ] = None,
    episodes: Annotated[
        int | None, typer.Option(min=1, help="Use evaluations with as many episodes per task and adaptation step.")
    ] = None,
    shots: Annotated[int | None, typer.Option(min=1, help="Use evaluations with as many examples per task.")] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="Compare after so many adaptation steps. Default: the last."),
    ] = None,
    resample: Annotated[
        Literal["both", "runs"],
        typer.Option(help="For intervals: whole runs and tasks, or the runs within every task."),
    ] = "both",
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a line per experiment.")] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Compare experiments by the evaluations of their runs.

    Runs that differ in nothing but the seed are one experiment. For each one: the interquartile mean (IQM) and the mean
    of all tasks and runs, before and after adaptation; the probability that one of its runs does better on a task than
    a run of the first experiment; what training has cost per run.

    Intervals are 95% bootstrap intervals over tasks and, where an experiment has several, whole runs: a claim about
    other tasks of this kind. With --resample runs, runs are drawn within every task (stratified bootstrap), for a claim
    about these tasks alone; it is too narrow where a run is good or bad on all tasks alike.

    Of each run the newest evaluation with its own numbers of episodes (or shots) and steps is used, else the newest;
    'mlrun eval' makes them. Runs on different benchmarks, or evaluated in different ways, are refused.
    """
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other")

    from mlrun.analysis.comparison.compare import compare
    from mlrun.analysis.comparison.protocol import evaluated
    from mlrun.cli.comparison_data import comparison_as_csv, comparison_as_data
    from mlrun.cli.comparison_table import print_comparison
    from mlrun.cli.evaluate import chosen_data_per_task
    from mlrun.runs.results import read_all_results

    results = read_all_results(runs, runs_dir)
    amounts = [chosen_data_per_task(run.experiment, episodes=episodes, shots=shots) for run in results]
    found = [evaluated(run, split, amount, steps) for run, amount in zip(results, amounts, strict=True)]
    options = {"split": None if split == "test" else split, "episodes": episodes, "shots": shots, "steps": steps}
    _require_evaluated(results, found, options)
    chosen = [run for run in found if run is not None]
    comparison = compare(chosen, score, resample)
    for run in chosen:
        _note_if_provisional(run)
    if as_json:
        print_json(comparison_as_data(comparison))
    elif as_csv:
        typer.echo(comparison_as_csv(comparison), nl=False)
    else:
        print_comparison(comparison)


def _require_evaluated(
    results: Sequence[RunResults], found: Sequence[EvaluatedRun | None], options: dict[str, str | int | None]
) -> None:
    from mlrun.analysis.comparison.protocol import IncomparableError
    from mlrun.cli.shared.training import program

    given = "".join(f" --{name} {value}" for name, value in options.items() if value is not None)
    lines = [
        f"{run.id} is not evaluated{given and ' with'}{given}; do it by: "
        f"{program()} eval {shlex.quote(str(run.path))}{given}"
        for run, evaluation in zip(results, found, strict=True)
        if evaluation is None
    ]
    if lines:
        raise IncomparableError("\n".join(lines))


def _note_if_provisional(run: EvaluatedRun) -> None:
    results, checkpoint = run.results, run.report["checkpoint"]
    done, total = results.iterations_done, results.experiment.training.iterations
    if results.status != "finished" or done < total:
        note(f"{results.id} is {results.status}, after {done} of {total} iterations")
    best = results.best_checkpoint
    if best not in (None, checkpoint):
        note(f"{results.id} is compared at checkpoint {checkpoint}, by its newest evaluation; its best is {best}")
