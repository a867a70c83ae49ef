"""`mlrun eval`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, AsJson, Checkpoint, Run, RunsDir, examples, parse_checkpoint
from mlrun.cli.shared.output import note, print_json, print_table

if TYPE_CHECKING:
    from mlrun.config import Experiment

NAME = "eval"
EXAMPLES = examples(
    "mlrun eval runs/20261122-231608-maml-reach-s0-a1b2",
    "mlrun eval 20261122-231608-maml-reach-s0-a1b2 --checkpoint last --steps 3",
    "mlrun eval runs/20261122-231608-maml-reach-s0-a1b2 --json | jq '.by_step[-1].success_last.mean'",
)


def chosen_data_per_task(experiment: Experiment, **given: int | None) -> int | None:
    """The amount that fits what the experiment's tasks are learned from.

    Raises:
        typer.BadParameter: an amount of the other kind was given.
    """
    data_per_task = given.pop(experiment.data_unit)
    for unit in (unit for unit, amount in given.items() if amount is not None):
        name, right = experiment.benchmark.name, experiment.data_unit
        raise typer.BadParameter(f"--{unit} does not apply to {name}; use --{right}")
    return data_per_task


def command(
    run: Run,
    split: Annotated[Literal["test", "train"], typer.Option(help="Held-out, or those that chose the best.")] = "test",
    checkpoint: Checkpoint = None,
    episodes: Annotated[
        int | None, typer.Option(min=1, help="Episodes per task and adaptation step. Default: the experiment's.")
    ] = None,
    shots: Annotated[
        int | None, typer.Option(min=1, help="Examples per task, where tasks are learned from examples.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=0, max=100, help="Adaptation steps. Default: the experiment's.")
    ] = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Evaluate a run on tasks held out from training.

    Scores every task before adaptation and after each step of it. Prints the mean and the 95% bootstrap interval over
    tasks, beside what is reached without adaptation. The result stays in the run's eval/.
    """
    from mlrun.runs.directory import RunDirectory

    which = None if checkpoint is None else parse_checkpoint(checkpoint)
    directory = RunDirectory.open(run, runs_dir)

    from mlrun.training.device import require_machine
    from mlrun.training.evaluation import evaluate_run

    require_machine(directory.experiment())
    data_per_task = chosen_data_per_task(directory.experiment(), episodes=episodes, shots=shots)
    note(f"evaluating {directory.path} on its {split} tasks")
    result = evaluate_run(directory, split=split, checkpoint=which, data_per_task=data_per_task, steps=steps)

    from mlrun.cli.evaluation_table import doubt_about_horizon, evaluation_table, evaluation_title

    if as_json:
        print_json(result)
    else:
        typer.echo(f"{evaluation_title(result)}\n")
        print_table(evaluation_table(result))
    if doubt := doubt_about_horizon(result):
        note(doubt)
