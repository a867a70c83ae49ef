"""`mlrun runs`: `ls`, `show` and `rm`, and with them `compare` and `export`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlrun.cli import compare, export
from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, AsJson, Run, Runs, RunsDir, examples, require_subcommand
from mlrun.cli.shared.output import note, print_json

if TYPE_CHECKING:
    from mlrun.runs.listing import Summary

app = typer.Typer(rich_markup_mode=None)


@app.callback(invoke_without_command=True, epilog=examples("mlrun runs ls"))
def _runs(context: typer.Context) -> None:
    """Look at runs, compare them, and delete them."""
    require_subcommand(context)


@app.command(
    "ls",
    epilog=examples(
        "mlrun runs ls",
        "mlrun runs ls --json | jq -r '.runs[] | select(.status == \"stopped\") | .path' | xargs -r -n1 mlrun resume",
    ),
)
def list_(as_json: AsJson = False, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """List runs, the newest first.

    A run is created, running, finished, interrupted (by a signal), stopped (its process is gone without a word),
    diverged or failed; damaged, if what says so cannot be read. Scores are those of the last evaluation during
    training, on the training tasks, before and after adaptation.
    """
    from mlrun.cli.runs_text import printable_path, table_of_runs
    from mlrun.runs.description import summary_as_data
    from mlrun.runs.listing import list_runs
    from mlrun.runs.removal import find_remains

    if runs_dir.exists() and not runs_dir.is_dir():
        raise typer.BadParameter(f"--runs-dir must be a directory; {str(runs_dir)!r} is a file")
    summaries = list(list_runs(runs_dir)) if runs_dir.exists() else []
    if as_json:
        print_json({"runs_dir": str(runs_dir), "runs": [summary_as_data(summary) for summary in summaries]})
    elif summaries:
        for line in table_of_runs(summaries):
            typer.echo(line)
    else:
        there = "there are no runs in" if runs_dir.exists() else "there is no directory"
        note(f"{there} {printable_path(runs_dir)}")
    for remains in find_remains(runs_dir):
        note(f"{printable_path(remains)} is what an interrupted 'runs rm' has left; delete it with 'rm -r'")


@app.command(epilog=examples("mlrun runs show 20261122-231608-maml-reach-s0-a1b2"))
def show(run: Run, as_json: AsJson = False, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """Show what a run is, how it stands, and what to type next."""
    from mlrun.cli.runs_text import text_of_run
    from mlrun.runs.description import describe_run
    from mlrun.runs.listing import find_run, summarise

    summary = summarise(find_run(run, runs_dir))
    description = describe_run(summary)
    description["next"] = _next(summary, description)
    if as_json:
        print_json(description)
        return
    for line in text_of_run(description):
        typer.echo(line)


@app.command(epilog=examples("mlrun runs rm 20261122-231608-maml-reach-s0-a1b2", "mlrun runs rm --yes runs/*-trial-*"))
def rm(
    runs: Runs,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Needed where there is no terminal.")] = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Delete runs, with all that is in their directories.

    Nothing is deleted unless all of them are runs, and none is being trained. Prints the paths that are gone.
    """
    from mlrun.runs.removal import remove_runs, require_removable

    paths = list(dict.fromkeys(require_removable(run, runs_dir) for run in runs))
    if not yes:
        _ask(paths)
    for path in remove_runs(paths):
        with contextlib.suppress(OSError):  # a reader that has gone must not stop this in the middle
            typer.echo(path)


for verb in (compare, export):
    app.command(verb.NAME, epilog=verb.EXAMPLES)(verb.command)


def _ask(paths: list[Path]) -> None:
    from mlrun.cli.runs_text import table_of_runs
    from mlrun.errors import MlrunError
    from mlrun.runs.listing import summarise

    if not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask on; --yes deletes without asking")
    for line in table_of_runs([summarise(path) for path in paths]):
        note(line)
    question = f"delete {'this run' if len(paths) == 1 else f'these {len(paths)} runs'}? [y/N] "
    typer.echo(question, err=True, nl=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise MlrunError("nothing was deleted")


def _next(summary: Summary, run: Mapping[str, Any]) -> list[str]:
    """What to type next: to go on where that leads on, then to evaluate the best model, then to read about it all."""
    import shlex

    from mlrun.cli.shared.training import program

    best = run["checkpoints"]["best"] or run["checkpoints"]["last"]
    if run["experiment"] is None or summary.status == "running" or not (summary.can_go_on or best):
        return []
    evaluated = any((each.get("split"), each.get("checkpoint")) == ("test", best) for each in run["evaluations"])
    verb = "resume" if summary.can_go_on else "report" if evaluated else "eval"
    return [f"{program()} {verb} {shlex.quote(str(summary.path))}"]
