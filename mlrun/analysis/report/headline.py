"""The top of a report: its title, the result in one sentence, and what keeps runs from being complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlrun.analysis.comparison.compare import Comparison, Group
from mlrun.analysis.comparison.protocol import IncomparableError
from mlrun.analysis.report.html import Html, bullets, element, join, number
from mlrun.analysis.report.section import Naming, command, has_checkpoint
from mlrun.runs.listing import Evaluation, summarise
from mlrun.runs.results import RunResults
from mlrun.scores import SCORES, SHOWN, Score
from mlrun.wording import counted, listed


def title(runs: Sequence[RunResults]) -> str:
    """The algorithms and the benchmarks."""
    algorithms = dict.fromkeys(run.experiment.algorithm.name for run in runs)
    benchmarks = dict.fromkeys(run.experiment.benchmark.name for run in runs)
    return f"{listed([*algorithms])} on {listed([*benchmarks])}"


def result(runs: Sequence[RunResults], comparisons: Sequence[Comparison] | IncomparableError, naming: Naming) -> Html:
    """The result in one sentence: scores on test tasks or, if there are none, on training tasks.

    Args:
        runs: all runs of the report.
        comparisons: of the evaluated runs, by each score; empty if none is evaluated.
        naming: names of the runs.
    """
    if isinstance(comparisons, IncomparableError):
        return join([f"{counted(len(runs), 'run')} that cannot be compared with each other; their scores are below."])
    if not comparisons and len(runs) > 1:
        return join(["None of these runs is evaluated on held-out tasks yet."])
    if not comparisons:
        return _of_training(runs[0])
    return _of_one(comparisons) if len(comparisons[0].groups) == 1 else _of_several(comparisons[0], naming)


def status_box(runs: Sequence[RunResults]) -> Html:
    """A box with a line for each reason why a run is not complete; empty if all runs are complete."""
    notes = [join([element("strong", run.id), ": ", *note]) for run in runs for note in (*_end(run), *_evaluation(run))]
    return bullets(notes, "warnings")


def _of_training(run: RunResults) -> Html:
    """The result of the last evaluation during training."""
    evaluation = summarise(run.path).evaluation
    changes = _changes(evaluation) if evaluation else {}
    if not evaluation or not changes:
        return join([f"Not evaluated yet; {counted(run.iterations_done, 'iteration')} of training done."])
    when = f"after iteration {evaluation.iteration} of {run.experiment.training.iterations}"
    so_far = f"Not evaluated on held-out tasks yet. On training tasks, {when}, adaptation "
    return join([so_far, _changed(changes, "s"), "."])


def _changes(evaluation: Evaluation) -> dict[str, tuple[float, float]]:
    """The scores that figures show, before and after adaptation, if both are finite."""
    both = {name: (evaluation.before.get(name), evaluation.after.get(name)) for name in SCORES if name in SHOWN}
    return {name: (old, new) for name, (old, new) in both.items() if old is not None and new is not None}


def _of_one(comparisons: Sequence[Comparison]) -> Html:
    about, seeds = comparisons[0].protocol, len(comparisons[0].groups[0].runs)
    groups = {comparison.score: comparison.groups[0] for comparison in comparisons}
    changes = {name: (group.before.mean.value, group.after.mean.value) for name, group in groups.items()}
    start = f"Averaged over {seeds} seeds, on" if seeds > 1 else "On"
    where = f"{start} {counted(about['tasks'], 'held-out task')}"
    if not about["steps"]:
        reached = ((SCORES[name], number(after, SCORES[name].decimals)) for name, (_, after) in changes.items())
        each: list[str] = [join([score.label, " is ", element("strong", value)]) for score, value in reached]
        return join([f"{where}, without adaptation, ", Html(listed(each)), "."])
    steps = counted(about["steps"], _step(about))
    return join([f"{where}, {steps} ", _changed(changes, "s" * (about["steps"] == 1)), "."])


def _changed(changes: Mapping[str, tuple[float, float]], ending: str) -> Html:
    """How adaptation changes scores, compared as they are rounded. Raised, lowered and unchanged scores are grouped."""
    by_verb: dict[str, list[str]] = {}
    for name, (before, after) in changes.items():
        decimals = SCORES[name].decimals
        old, new = (number(round(value, decimals) + 0.0, decimals) for value in (before, after))
        verb, start = ("leave", "at ") if old == new else ("raise" if after > before else "lower", f"from {old} to ")
        by_verb.setdefault(verb, []).append(join([f"{SCORES[name].label} {start}", element("strong", new)]))
    *others, last = (f"{verb}{ending} {listed(scores)}" for verb, scores in by_verb.items())
    return Html(", ".join([*others, f"and {last}" if others else last]))


def _of_several(comparison: Comparison, naming: Naming) -> Html:
    about, score = comparison.protocol, SCORES[comparison.score]
    if about["steps"] is None:
        when = "After adaptation"
    else:
        when = f"After {counted(about['steps'], _step(about))}" if about["steps"] else "Without adaptation"
    best_first = sorted(comparison.groups, key=lambda group: group.after.mean.value, reverse=not score.less_is_better)
    each = Html(listed([_reached(group, score, naming) for group in best_first]))
    return join([f"{when}, {score.label} on {counted(about['tasks'], 'held-out task')} is ", each, "."])


def _step(protocol: Mapping[str, Any]) -> str:
    """What an adaptation step is called. A memory takes an episode for each."""
    return "adaptation episode" if "data_by_step" in protocol else "adaptation step"


def _reached(group: Group, score: Score, naming: Naming) -> Html:
    seeds = f" ({len(group.runs)} seeds)" if len(group.runs) > 1 else ""
    reached = element("strong", number(group.after.mean.value, score.decimals))
    return join([reached, f" for {naming.experiment(group.runs[0].results)}{seeds}"])


def _end(run: RunResults) -> Iterator[list[str]]:
    summary = summarise(run.path)
    yield from ([problem] for problem in summary.problems)
    if run.status == "damaged" or summary.is_complete:
        return
    reason = summary.record and summary.record.exit_reason
    how = f"{run.status} after {run.iterations_done} of {run.experiment.training.iterations} iterations"
    note = [how + (f" ({reason})" if reason else "")]
    yield [*note, ". To go on: ", command("resume", run)] if summary.can_go_on else [*note, "."]


def _evaluation(run: RunResults) -> Iterator[list[str]]:
    if run.evaluation() is None:
        how = [" To evaluate it: ", command("eval", run)] if has_checkpoint(run) else []
        yield ["not evaluated on held-out tasks.", *how]
