"""`mlrun runs compare`."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, AsJson, Runs, RunsDir, chosen_data_per_task, examples
from mlrun.cli.shared.output import columns, note, print_json, print_table, program
from mlrun.scores import SCORES
from mlrun.wording import data_in_words, duration, moment_in_words, tasks_in_words

if TYPE_CHECKING:
    from rich.table import Table

    from mlrun.analysis.comparison.compare import Budget, Comparison, Group
    from mlrun.analysis.comparison.protocol import EvaluatedRun
    from mlrun.analysis.comparison.statistics import Estimate
    from mlrun.runs.results import RunResults

NAME = "compare"
EXAMPLES = examples(
    "mlrun runs compare runs/*-maml-reach-* runs/*-reptile-reach-*",
    "mlrun runs compare runs/*-sweep-* --score success_last --csv > sweep.csv",
    "mlrun runs compare runs/*-sinusoid-* --shots 5 --json | jq '.groups[] | {label, error: .after.mean.value}'",
)


def command(
    runs: Runs,
    split: Annotated[
        Literal["test", "train"],
        typer.Option(help="Use evaluations on the held-out tasks (test) or the training tasks (train)."),
    ] = "test",
    score: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Score to compare, for example success_last. Default: the first that 'mlrun eval' prints.",
        ),
    ] = None,
    episodes: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Use evaluations with N episodes per task and adaptation step."),
    ] = None,
    shots: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Use evaluations with N examples per task.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, max=100, metavar="N", help="Compare scores after N adaptation steps. Default: the last."),
    ] = None,
    resample: Annotated[
        Literal["both", "runs"],
        typer.Option(
            help="What the bootstrap resamples. both: tasks and whole runs. runs: the runs within every task."
        ),
    ] = "both",
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of text, one line per experiment.")] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Compare experiments by the evaluations of their runs.

    Runs that differ only in the seed are one experiment. For each experiment, the table shows the interquartile mean
    (IQM) and the mean of the scores of all its runs and tasks, before and after adaptation. It also shows what
    training cost per run, and the probability that a run of this experiment scores better on a task than a run of the
    first experiment.

    Numbers in brackets are 95% bootstrap intervals. By default tasks are resampled, and whole runs if there are
    several: a claim about other tasks of this kind. With --resample runs, the runs within every task are resampled
    (stratified bootstrap): a claim about these tasks only. Those intervals are too narrow if a run is good or bad on
    all tasks alike.

    A learner that adapts by its memory is compared with others after its last adaptation step and theirs. How many
    episodes each has adapted to then stands in the table.

    Evaluations are made by 'mlrun eval'. If a run has several, one with the experiment's own number of episodes (or
    shots) and steps is preferred, then one of the best checkpoint, then the newest. Runs of different benchmarks, or
    evaluated in different ways, are refused.
    """
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other")

    from mlrun.analysis.comparison.compare import compare
    from mlrun.analysis.comparison.protocol import evaluated
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
        print_json(_as_data(comparison))
    elif as_csv:
        typer.echo(_as_csv(comparison), nl=False)
    else:
        _print_as_text(comparison)


def _require_evaluated(
    results: Sequence[RunResults], found: Sequence[EvaluatedRun | None], options: dict[str, str | int | None]
) -> None:
    """Raise an error with one line for each run that lacks the evaluation; it says how to make it."""
    from mlrun.analysis.comparison.protocol import IncomparableError

    given = "".join(f" --{name} {value}" for name, value in options.items() if value is not None)
    lines = [
        f"{run.id} is not evaluated{given and ' with'}{given}; run: "
        f"{program()} eval {shlex.quote(str(run.path))}{given}"
        for run, evaluation in zip(results, found, strict=True)
        if evaluation is None
    ]
    if lines:
        raise IncomparableError("\n".join(lines))


def _note_if_provisional(run: EvaluatedRun) -> None:
    """Note runs that are not finished, and runs whose best checkpoint has changed since their evaluation."""
    results, checkpoint = run.results, run.report["checkpoint"]
    done, total = results.iterations_done, results.experiment.training.iterations
    if results.status != "finished" or done < total:
        note(f"{results.id} is {results.status}, after {done} of {total} iterations")
    best = results.best_checkpoint
    if best not in (None, checkpoint):
        note(f"{results.id} is compared at checkpoint {checkpoint}, by its newest evaluation; its best is {best}")


def _print_as_text(comparison: Comparison) -> None:
    """Print a table of scores, a table of the seeds and costs behind them, and how to read both."""
    from mlrun.analysis.comparison.compare import aids, explanations, other_differences

    about, score = comparison.protocol, SCORES[comparison.score]
    typer.echo(f"{tasks_in_words(about)}, {data_in_words(about)}: {score.label}\n")
    for table in (_score_table(comparison), _run_table(comparison)):
        print_table(table)
        typer.echo()
    how_to_read = explanations(comparison, first=comparison.groups[0].label)
    for line in (*how_to_read, *other_differences(comparison), *aids(comparison)):
        typer.echo(line)


def _score_table(comparison: Comparison) -> Table:
    """A row of scores for each experiment, then a row for each reference policy."""
    decimals = SCORES[comparison.score].decimals
    after = moment_in_words(comparison.protocol["steps"])
    table = columns("", "before: IQM", "before: mean", f"{after}: IQM", f"{after}: mean")
    for group in comparison.groups:
        moments = (group.before, group.after)
        numbers = (number for moment in moments for number in (moment.interquartile_mean, moment.mean))
        table.add_row(group.label, *(_interval(number, decimals) for number in numbers))
    for policy, reference in comparison.reference_scores.items():
        table.add_row(policy, "", "", "", f"{reference:.{decimals}f}")
    return table


def _run_table(comparison: Comparison) -> Table:
    """A row for each experiment: its seeds, their scores, and the cost of training."""
    from mlrun.analysis.comparison.compare import samples_in_words

    score, steps = comparison.score, comparison.protocol["steps"]
    data = ["adaptation episodes"] if steps is None else []
    headings = ["", "seeds", *data, f"{moment_in_words(steps)}, by seed", samples_in_words(comparison), "time"]
    table = columns(*headings, *(["better than the first"] if len(comparison.groups) > 1 else []))
    for group in comparison.groups:
        table.add_row(
            group.label,
            ", ".join(str(run.experiment.seed) for run in group.runs),
            *([f"{group.adapted_to}"] if steps is None else []),
            ", ".join(f"{run.scores(score, run.steps).mean():.{SCORES[score].decimals}f}" for run in group.runs),
            f"{group.budget.samples:,.0f}",
            duration(group.budget.seconds),
            _interval(group.improvement, 2) if group.improvement else "",
        )
    return table


def _interval(estimate: Estimate, decimals: int) -> str:
    value, low, high = (f"{number:.{decimals}f}" for number in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"


def _as_data(comparison: Comparison) -> dict[str, Any]:
    """The whole comparison as data for JSON."""
    return {
        **comparison.protocol,
        "score": comparison.score,
        "less_is_better": SCORES[comparison.score].less_is_better,
        "resampled": comparison.resampled,
        "groups": [_group_as_data(group, comparison) for group in comparison.groups],
        "floors": comparison.reference_scores,
    }


def _as_csv(comparison: Comparison) -> str:
    """A line of headings, then a line per experiment. Each setting in which experiments differ is a column."""
    rows = [_csv_row(group, comparison) for group in comparison.groups]
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(key for row in rows for key in row), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _group_as_data(group: Group, comparison: Comparison) -> dict[str, Any]:
    return {
        "label": group.label,
        "differences": group.differences,
        "aids": group.aids,
        "before": asdict(group.before),
        "after": asdict(group.after),
        **_data_as_data(group, comparison),
        "probability_of_improvement": group.improvement and asdict(group.improvement),
        "per_run": _budget_as_data(group.budget),
        "runs": [_run_as_data(run, comparison) for run in group.runs],
    }


def _data_as_data(group: Group, comparison: Comparison) -> dict[str, int]:
    """The episodes that the runs have adapted to, if they are not the same in all experiments."""
    return {"adaptation_episodes": group.adapted_to} if comparison.protocol["steps"] is None else {}


def _run_as_data(run: EvaluatedRun, comparison: Comparison) -> dict[str, Any]:
    from mlrun.analysis.comparison.compare import budget

    results, score = run.results, comparison.score
    before, after = (float(run.scores(score, step).mean()) for step in (0, run.steps))
    about = {"id": results.id, "path": str(results.path), "seed": run.experiment.seed, "status": results.status}
    done = {"iterations": results.iterations_done, "checkpoint": run.report["checkpoint"]}
    return {**about, **done, "before": before, "after": after, **_budget_as_data(budget(results))}


def _budget_as_data(one: Budget) -> dict[str, float]:
    return {**({one.unit: one.samples} if one.unit else {}), "seconds": one.seconds}


def _csv_row(group: Group, comparison: Comparison) -> dict[str, Any]:
    from mlrun.analysis.comparison.grouping import as_text

    return {
        "label": group.label,
        **{key: as_text(value) for key, value in group.differences.items()},
        "seeds": " ".join(str(run.experiment.seed) for run in group.runs),
        **_data_as_data(group, comparison),
        "score": comparison.score,
        **_number_columns("before_iqm", group.before.interquartile_mean),
        **_number_columns("before_mean", group.before.mean),
        **_number_columns("after_iqm", group.after.interquartile_mean),
        **_number_columns("after_mean", group.after.mean),
        **_number_columns("probability_of_improvement", group.improvement),
        **_budget_as_data(group.budget),
    }


def _number_columns(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    numbers = {"value": None, "low": None, "high": None} if estimate is None else asdict(estimate)
    return {name if key == "value" else f"{name}_{key}": number for key, number in numbers.items()}
