"""A comparison in lines of text."""

from collections.abc import Iterator

import typer
from rich.table import Table

from mlrun.cli.evaluation_table import counted, data_in_words, tasks_in_words
from mlrun.cli.output import columns, print_table
from mlrun.cli.progress import duration
from mlrun.comparison.compare import Comparison
from mlrun.comparison.grouping import as_text
from mlrun.comparison.statistics import Estimate
from mlrun.scores import SCORES

_RESAMPLED = {
    "runs": "runs resampled within every task; nothing is said about other tasks",
    "both": "tasks resampled, and whole runs where there are several",
}
_UNITS = {"env_steps": "environment steps", "examples": "examples", None: "samples"}


def print_comparison(comparison: Comparison) -> None:
    """Print the scores of each experiment above those of what does not adapt, then what they rest on."""
    about, score = comparison.protocol, SCORES[comparison.score]
    typer.echo(f"{tasks_in_words(about)}, {data_in_words(about)}: {score.label}\n")
    for table in (_scores(comparison), _evidence(comparison)):
        print_table(table)
        typer.echo()
    for line in _explanations(comparison):
        typer.echo(line)


def _scores(comparison: Comparison) -> Table:
    decimals = SCORES[comparison.score].decimals
    after = _after(comparison)
    table = columns("", "before: IQM", "before: mean", f"{after}: IQM", f"{after}: mean")
    for group in comparison.groups:
        moments = (group.before, group.after)
        numbers = (number for moment in moments for number in (moment.interquartile_mean, moment.mean))
        table.add_row(group.label, *(_interval(number, decimals) for number in numbers))
    for name, floor in comparison.floors.items():
        table.add_row(name, "", "", "", f"{floor:.{decimals}f}")
    return table


def _evidence(comparison: Comparison) -> Table:
    score, steps = comparison.score, comparison.protocol["steps"]
    units = " or ".join(dict.fromkeys(_UNITS[group.budget.unit] for group in comparison.groups))
    headings = ["", "seeds", f"{_after(comparison)}, by seed", units, "time"]
    table = columns(*headings, *(["better than the first"] if len(comparison.groups) > 1 else []))
    for group in comparison.groups:
        table.add_row(
            group.label,
            ", ".join(str(run.experiment.seed) for run in group.runs),
            ", ".join(f"{run.scores(score, steps).mean():.{SCORES[score].decimals}f}" for run in group.runs),
            f"{group.budget.samples:,.0f}",
            duration(group.budget.seconds),
            _interval(group.improvement, 2) if group.improvement else "",
        )
    return table


def _explanations(comparison: Comparison) -> Iterator[str]:
    groups = comparison.groups
    yield f"Intervals: 95% bootstrap, {_RESAMPLED[comparison.resampled]}."
    if SCORES[comparison.score].share:
        yield "IQM: the mean of the middle half; of tasks that count 0 or 1 it is 1 if more than three quarters are 1."
    if len(groups) > 1:
        yield (
            "Better than the first: probability that a run does better on a task, after adaptation, than one of"
            f" {groups[0].label}; 0.5 if they are alike."
        )
    for key in comparison.untold:
        yield f"They also differ in {key}: {', '.join(as_text(group.differences[key]) for group in groups)}."


def _after(comparison: Comparison) -> str:
    return f"after {counted(comparison.protocol['steps'], 'step')}"


def _interval(estimate: Estimate, decimals: int) -> str:
    value, low, high = (f"{number:.{decimals}f}" for number in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"
