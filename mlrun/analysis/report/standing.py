"""What a reader should know of runs that have not come to their end, or are not evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlrun.analysis.report.html import Html, element, join
from mlrun.analysis.report.section import bullets, command, has_checkpoint
from mlrun.runs.listing import summarise
from mlrun.runs.results import RunResults


def standing(runs: Sequence[RunResults]) -> Html:
    """A box with a line for everything that keeps a run from being complete; nothing where all are."""
    remarks = [
        join([element("strong", run.id), ": ", *remark]) for run in runs for remark in (*_end(run), *_evaluation(run))
    ]
    return bullets(remarks, "warnings")


def _end(run: RunResults) -> Iterator[list[str]]:
    summary = summarise(run.path)
    yield from ([problem] for problem in summary.problems)
    if run.status == "damaged" or summary.is_complete:
        return
    reason = summary.record and summary.record.exit_reason
    how = f"{run.status} after {run.iterations_done} of {run.experiment.training.iterations} iterations"
    remark = [how + (f" ({reason})" if reason else "")]
    yield [*remark, ". To go on: ", command("resume", run)] if summary.can_go_on else [*remark, "."]


def _evaluation(run: RunResults) -> Iterator[list[str]]:
    if run.evaluation() is None:
        how = [" To do so: ", command("eval", run)] if has_checkpoint(run) else []
        yield ["not evaluated on held-out tasks.", *how]
