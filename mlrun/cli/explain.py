"""`mlrun explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, Checkpoint, Run, RunsDir, examples, parse_checkpoint
from mlrun.cli.output import can_draw, note, print_json, print_table

if TYPE_CHECKING:
    from mlrun.analysis.explanation.explain import Explanation

NAME = "explain"
EXAMPLES = examples(
    "mlrun explain runs/20261122-231608-maml-reach-s0-a1b2",
    "mlrun explain 20261122-231608-maml-reach-s0-a1b2 --split train --checkpoint last -o figures",
    "mlrun explain runs/20261122-231608-maml-reach-s0-a1b2 --json | jq '.representation.layers | map_values(.mean)'",
)


def command(
    run: Run,
    split: Annotated[Literal["test", "train"], typer.Option(help="Held-out tasks, or those of training.")] = "test",
    checkpoint: Checkpoint = None,
    steps: Annotated[
        int | None, typer.Option(min=1, max=100, help="Adaptation steps. Default: the experiment's.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", file_okay=False, help="Where figures go. Default: plots/ in the run."
        ),
    ] = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Look into a run's inner loop: what adaptation does to each layer, and whether tasks agree on it.

    Adapts to all tasks as `mlrun eval` does, then measures how far layers move, how much what they compute changes, the
    learned rates where the algorithm has those, and the cosine between the directions in which tasks move. Prints a
    table for each, and the figures that were written.
    """
    from mlrun.runs.directory import RunDirectory
    from mlrun.runs.layout import PLOTS

    which = None if checkpoint is None else parse_checkpoint(checkpoint)
    opened = RunDirectory.open(run, runs_dir)

    from mlrun.analysis.explanation.explain import explain_run
    from mlrun.analysis.explanation.report import explanation_report
    from mlrun.training.device import require_machine

    require_machine(opened.experiment())
    note(f"adapting {opened.path} to its {split} tasks")
    explanation = explain_run(opened, split=split, checkpoint=which, steps=steps)
    report = explanation_report(opened, explanation)
    report["figures"] = [str(path) for path in _draw(explanation, output or opened.path / PLOTS)]
    if as_json:
        print_json(report)
        return

    from mlrun.cli.explain_tables import explain_tables, explain_title

    typer.echo(explain_title(report))
    for title, table, reading in explain_tables(report):
        typer.echo(f"\n{title}")
        print_table(table)
        typer.echo(reading)
    if report["figures"]:
        typer.echo("\n" + "\n".join(report["figures"]))


def _draw(explanation: Explanation, directory: Path) -> list[Path]:
    """Write the figures, where matplotlib is there to draw them."""
    if not can_draw():
        return []

    from mlrun.analysis.explanation.figures import figures
    from mlrun.analysis.plots import FORMATS
    from mlrun.analysis.plots.writing import save

    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in figures(explanation):
        for extension in FORMATS:
            paths.append(directory / f"explain-{name}.{extension}")
            save(figure, paths[-1])
    return paths
