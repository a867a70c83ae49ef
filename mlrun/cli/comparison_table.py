"""A comparison in lines of text."""

import typer
from rich.table import Table

from mlrun.analysis.comparison.compare import Comparison, explanations, samples_in_words, untold
from mlrun.analysis.comparison.statistics import Estimate
from mlrun.cli.output import columns, print_table
from mlrun.scores import SCORES
from mlrun.wording import data_in_words, duration, moment_in_words, tasks_in_words


def print_comparison(comparison: Comparison) -> None:
    """Print the scores of each experiment above those of what does not adapt, then what they rest on."""
    about, score = comparison.protocol, SCORES[comparison.score]
    typer.echo(f"{tasks_in_words(about)}, {data_in_words(about)}: {score.label}\n")
    for table in (_scores(comparison), _evidence(comparison)):
        print_table(table)
        typer.echo()
    for line in (*explanations(comparison, first=comparison.groups[0].label), *untold(comparison)):
        typer.echo(line)


def _scores(comparison: Comparison) -> Table:
    decimals = SCORES[comparison.score].decimals
    after = moment_in_words(comparison.protocol["steps"])
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
    headings = ["", "seeds", f"{moment_in_words(steps)}, by seed", samples_in_words(comparison), "time"]
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


def _interval(estimate: Estimate, decimals: int) -> str:
    value, low, high = (f"{number:.{decimals}f}" for number in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"
