"""Every test task at its place, before and after adaptation: where, among all tasks, does adaptation fail?"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from mlrun.analysis.comparison.protocol import evaluated, require_comparable
from mlrun.analysis.plots.grouping import Group, by_experiment, sizes
from mlrun.analysis.plots.outcomes import draw_outcomes
from mlrun.analysis.plots.remarks import not_evaluated, not_the_best, unfinished
from mlrun.analysis.plots.scored_map import draw_scores
from mlrun.analysis.plots.style import applied, caption, caption_height
from mlrun.analysis.plots.views import VIEWS
from mlrun.runs.results import RunResults


def why_not(run: RunResults) -> str | None:
    """There must be an evaluation on held-out tasks, and it must be known where they are."""
    benchmark = run.experiment.benchmark.name
    if benchmark not in VIEWS:
        return f"it is not known where the tasks of {benchmark} lie"
    report = run.evaluation()
    if report is None:
        return not_evaluated(run)
    shown = max(index for view in VIEWS[benchmark] for index in (*view.place, *(view.start or ())))
    found = len(report["per_task"][0]["parameters"])
    return None if shown < found else f"a task of {benchmark} has more parameters than the {found} in its evaluation"


@applied()
def draw(runs: Sequence[RunResults]) -> Figure:
    """The goals as seen from above, and where they differ in height from the front, two rows or one per experiment.

    A goal's marker tells whether it was reached. In navigation2d, where success is rare, goals are coloured by the
    return instead, and sine waves, placed by phase and amplitude, by the error.

    Raises:
        IncomparableError: runs of one experiment were not evaluated in the same way, on the same tasks.
    """
    benchmark = runs[0].experiment.benchmark.name
    groups, views = by_experiment(runs), VIEWS[benchmark]
    for group in groups:
        require_comparable([found for run in group.runs if (found := evaluated(run, "test", None, None))])
    score = {"navigation2d": "return", "sinusoid": "mse"}.get(benchmark)
    sentences = (_explain(groups, by_outcome=score is None), unfinished(runs), not_the_best(runs))
    band = caption_height(*sentences)
    figure = draw_outcomes(groups, views, band) if score is None else draw_scores(groups, views, score, band)
    caption(figure, *sentences)
    return figure


def _explain(groups: Sequence[Group], *, by_outcome: bool) -> str:
    """What the headings and the marks are, of one run or of several."""
    means = "" if all(len(group.runs) == 1 for group in groups) else f"means of {sizes(groups)} runs"
    if by_outcome:
        some = f", {means}. Some success: in some runs only, or not at the last step" if means else ""
        return f"Percentages: success at the last step{some}."
    return f"{f'Numbers and colours: {means}' if means else 'Numbers: means'}. Darker is worse."
