"""`mlrun runs` with its verbs `ls`, `show` and `rm`; `compare` and `export` have files of their own."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlrun.cli import compare, export
from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, AsJson, Run, Runs, RunsDir, examples, require_subcommand
from mlrun.cli.shared.output import note, print_json, program
from mlrun.cli.shared.progress import metrics_line
from mlrun.scores import SCORES, SHOWN
from mlrun.wording import counted, duration

if TYPE_CHECKING:
    from mlrun.runs.listing import Evaluation, Summary

_COLUMNS = ("run", "status", "done", "changed", "size", "before -> after adaptation")
_LONGEST = 300  # characters of a text that may come from anywhere, such as a file name

app = typer.Typer(rich_markup_mode=None)


@app.callback(
    invoke_without_command=True,
    epilog=examples("mlrun runs ls", "mlrun runs compare runs/*-maml-reach-* runs/*-reptile-reach-*"),
)
def _runs(context: typer.Context) -> None:
    """List, show, compare, export and delete runs."""
    require_subcommand(context)


@app.command(
    "ls",
    epilog=examples(
        "mlrun runs ls",
        "mlrun runs ls --json | jq -r '.runs[] | select(.status == \"stopped\") | .path' | xargs -r -n1 mlrun resume",
    ),
)
def list_(as_json: AsJson = False, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """List runs, newest first.

    The status of a run is one of: created, running, finished, interrupted (by a signal), stopped (its process ended
    without a record, for example by a power failure), diverged, failed, or damaged (the status cannot be read).

    The scores come from the last evaluation during training, on training tasks, before and after adaptation.
    """
    from mlrun.runs.listing import list_runs, summary_as_data
    from mlrun.runs.removal import find_remains

    if runs_dir.exists() and not runs_dir.is_dir():
        raise typer.BadParameter(f"--runs-dir must be a directory; {str(runs_dir)!r} is a file")
    summaries = list(list_runs(runs_dir)) if runs_dir.exists() else []
    if as_json:
        print_json({"runs_dir": str(runs_dir), "runs": [summary_as_data(summary) for summary in summaries]})
    elif summaries:
        for line in _table(summaries):
            typer.echo(line)
    else:
        absent = "there are no runs in" if runs_dir.exists() else "there is no directory"
        note(f"{absent} {_printable(str(runs_dir))}")
    for remains in find_remains(runs_dir):
        note(f"{_printable(str(remains))} is left over from an interrupted 'runs rm'; delete it with 'rm -r'")


@app.command(epilog=examples("mlrun runs show 20261122-231608-maml-reach-s0-a1b2"))
def show(run: Run, as_json: AsJson = False, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """Show all about one run, and the next command.

    Prints its status and problems, its experiment, the scores of its last iteration and of its evaluations, its
    checkpoints, and when and where it was trained.
    """
    from mlrun.runs.directory import find_run
    from mlrun.runs.listing import describe_run, summarise

    summary = summarise(find_run(run, runs_dir))
    description = describe_run(summary)
    description["next"] = _next_commands(summary, description)
    if as_json:
        print_json(description)
        return
    for line in _text(description):
        typer.echo(line)


@app.command(epilog=examples("mlrun runs rm 20261122-231608-maml-reach-s0-a1b2", "mlrun runs rm --yes runs/*-trial-*"))
def rm(
    runs: Runs,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Delete without asking. Required if there is no terminal to ask on.")
    ] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Delete runs and everything in their directories.

    Nothing is deleted if one of the arguments is not a run, or is being trained. Prints the path of each deleted run.
    """
    from mlrun.runs.removal import remove_runs, require_removable

    paths = list(dict.fromkeys(require_removable(run, runs_dir) for run in runs))
    if not yes:
        _ask(paths)
    for path in remove_runs(paths):
        with contextlib.suppress(OSError):  # a closed stdout must not stop the deletion halfway
            typer.echo(path)


for verb in (compare, export):
    app.command(verb.NAME, epilog=verb.EXAMPLES)(verb.command)


def _ask(paths: list[Path]) -> None:
    """Ask on the terminal whether to delete these runs.

    Raises:
        typer.BadParameter: there is no terminal.
        MlrunError: the answer is no.
    """
    from mlrun.errors import MlrunError
    from mlrun.runs.listing import summarise

    if not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask on; --yes deletes without asking")
    for line in _table([summarise(path) for path in paths]):
        note(line)
    question = f"delete {'this run' if len(paths) == 1 else f'these {len(paths)} runs'}? [y/N] "
    typer.echo(question, err=True, nl=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise MlrunError("nothing was deleted")


def _next_commands(summary: Summary, run: Mapping[str, Any]) -> list[str]:
    """The command to type next: resume if the run can go on, else eval, else report; none if no command applies."""
    best = run["checkpoints"]["best"] or run["checkpoints"]["last"]
    if run["experiment"] is None or summary.status == "running" or not (summary.can_go_on or best):
        return []
    evaluated = any((each.get("split"), each.get("checkpoint")) == ("test", best) for each in run["evaluations"])
    verb = "resume" if summary.can_go_on else "report" if evaluated else "eval"
    return [f"{program()} {verb} {shlex.quote(str(summary.path))}"]


def _table(summaries: Sequence[Summary]) -> Iterator[str]:
    """A line of headings, then a line for each run."""
    rows = [_COLUMNS, *(_cells(summary) for summary in summaries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _text(description: Mapping[str, Any]) -> Iterator[str]:
    """The lines of `runs show`.

    Args:
        description: as `mlrun.runs.listing.describe_run` returns it, with the key "next" added.
    """
    for label, texts in _sections(description).items():
        for index, text in enumerate(texts):
            yield f"{'' if index else label:<13}{_printable(text)}"


def age(seconds: float) -> str:
    """Seconds since an event, rounded, for example ``2 h ago``."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"


def size(count: float) -> str:
    """A number of bytes, rounded, for example ``369 kB``."""
    for unit, length in (("GB", 1e9), ("MB", 1e6)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def _printable(text: str) -> str:
    """A text from anywhere as one line without control characters, cut to 300 characters."""
    from mlrun.config.reading.document import printable

    return printable(text, _LONGEST)


def _cells(summary: Summary) -> tuple[str, ...]:
    total = "?" if summary.iterations is None else summary.iterations
    outcome = "; ".join(summary.problems) or _one_score(summary.evaluation)
    return (
        _printable(summary.id),
        summary.status,
        f"{summary.iteration}/{total}",
        age(time.time() - summary.changed),
        size(summary.bytes),
        _printable(outcome) if outcome else "",
    )


def _one_score(evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return ""
    name = next(name for name in SCORES if name in evaluation.after)
    return _change(name, evaluation.before, evaluation.after)


def _change(name: str, before: Mapping[str, float | None], after: Mapping[str, float | None]) -> str:
    old, new = (SCORES[name].as_text(scores.get(name)) for scores in (before, after))
    return f"{SCORES[name].short} {old} -> {new}"


def _changes(evaluation: Mapping[str, Any]) -> str:
    return "  ".join(
        _change(name, evaluation["before"], evaluation["after"]) for name in SHOWN if name in evaluation["after"]
    )


def _sections(run: Mapping[str, Any]) -> dict[str, list[str]]:
    """The lines of each label. A label without lines is not shown."""
    reason = f": {run['exit_reason']}" if run["exit_reason"] else ""
    evaluation = run["evaluation"]
    changed = age(time.time() - datetime.fromisoformat(run["changed"]).timestamp())
    return {
        "run": [run["path"]],
        "status": [f"{run['status']}{reason}"],
        "divergence": [run["divergence"]] if run["divergence"] else [],
        "problems": run["problems"],
        "experiment": [_experiment(run["experiment"])] if run["experiment"] else [],
        "iterations": [f"{run['iteration']} of {run['iterations'] or '?'}"],
        "metrics": _metrics(run["metrics"]) if run["metrics"] else [],
        "evaluated": [f"after iteration {evaluation['iteration']}: {_changes(evaluation)}"] if evaluation else [],
        "checkpoints": [_checkpoints(run["checkpoints"])],
        "eval": [_evaluation(result) for result in run["evaluations"]],
        "attempts": [line for attempt in run["attempts"] for line in _attempt(attempt)],
        "disk": [f"{size(run['bytes'])}, last changed {changed}"],
        "next": run["next"],
    }


def _experiment(experiment: Mapping[str, Any]) -> str:
    algorithm, benchmark = experiment["algorithm"]["name"], experiment["benchmark"]["name"]
    batch = experiment["training"]["tasks_per_batch"]
    return f"{algorithm} on {benchmark}, {batch} tasks per iteration, seed {experiment['seed']}"


def _metrics(row: Mapping[str, Any]) -> list[str]:
    from mlrun.runs.metrics import is_number

    followed = metrics_line({name: value for name, value in row.items() if is_number(value)})
    return [f"in iteration {row['iteration']}: {followed}"] if followed else []


def _checkpoints(checkpoints: Mapping[str, Any]) -> str:
    words = []
    for iteration in checkpoints["iterations"]:
        links = " and ".join(link for link in ("best", "last") if checkpoints[link] == iteration)
        words.append(f"{iteration} ({links})" if links else str(iteration))
    return ", ".join(words) or "none"


def _evaluation(result: Mapping[str, Any]) -> str:
    data = next((f"{result[unit]} {unit}, " for unit in ("episodes", "shots") if unit in result), "")
    adapted = f"{data}{counted(result['steps'], 'step')}"
    if result.get("by_memory") and "episodes" in result:
        adapted = f"{counted(result['episodes'], 'trial')} of {counted(result['steps'] + 1, 'episode')}"
    about = f"checkpoint {result.get('checkpoint')} on {result.get('tasks')} {result.get('split')} tasks"
    return f"{about}, {adapted}: {_changes(result)}"


def _attempt(attempt: Mapping[str, Any]) -> Iterator[str]:
    took = "" if attempt["seconds"] is None else f", took {duration(attempt['seconds'])}"
    yield f"{attempt['started']}{took}, process {attempt['pid']} on {attempt['host']}"
    git = attempt["git"]
    code = f"; commit {git['commit']}{' with changes' if git['dirty'] else ''}" if git else ""
    yield "  " + ", ".join(f"{name} {version}" for name, version in attempt["versions"].items() if version) + code
