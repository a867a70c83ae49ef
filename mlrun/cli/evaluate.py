"""`mlrun eval`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mlrun.cli.shared.options import (
    DEFAULT_RUNS_DIR,
    AsJson,
    Checkpoint,
    Run,
    RunsDir,
    chosen_data_per_task,
    examples,
    parse_checkpoint,
)
from mlrun.cli.shared.output import columns, note, print_json, print_table
from mlrun.scores import SCORES
from mlrun.wording import aids_in_words, counted, data_in_words, memory_checks, score_in_words, tasks_in_words

if TYPE_CHECKING:
    from rich.table import Table

NAME = "eval"
EXAMPLES = examples(
    "mlrun eval runs/20261122-231608-maml-reach-s0-a1b2",
    "mlrun eval 20261122-231608-maml-reach-s0-a1b2 --checkpoint last --steps 3",
    "mlrun eval runs/20261122-231608-maml-reach-s0-a1b2 --json | jq '.by_step[-1].success_last.mean'",
)


def command(
    run: Run,
    split: Annotated[
        Literal["test", "train"],
        typer.Option(help="test: the held-out tasks. train: the training tasks, which chose the best checkpoint."),
    ] = "test",
    checkpoint: Checkpoint = None,
    episodes: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Episodes per task and adaptation step. Default: as the experiment says."
        ),
    ] = None,
    shots: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Examples per task, for benchmarks that learn from examples. Default: as the experiment says.",
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=0, max=100, metavar="N", help="Adaptation steps. Default: as the experiment says."),
    ] = None,
    as_json: AsJson = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Evaluate a run on held-out tasks.

    Adapts to every task and scores it before adaptation and after each adaptation step; a learner with a memory, in
    each episode of a trial. Prints the mean score over tasks with its 95% bootstrap interval. Below stand reference
    scores, of policies that are not trained. The result is also saved in the run, in eval/.
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
    if as_json:
        print_json(result)
    else:
        typer.echo(f"{evaluation_title(result)}\n")
        print_table(evaluation_table(result))
    if warning := horizon_warning(result):
        note(warning)


def evaluation_title(result: Mapping[str, Any]) -> str:
    """What was evaluated, and on how much data; in a second line, what training used besides the usual tasks."""
    title = f"{tasks_in_words(result)}; checkpoint {result['checkpoint']}, {data_in_words(result)}"
    return f"{title}\n{aids_in_words(result['aids'])}" if result["aids"] else title


def evaluation_table(result: Mapping[str, Any]) -> Table:
    """A row of scores with intervals for each adaptation step, then a row for each reference policy.

    Between them, a learner that adapts by its memory has rows of the other tasks, and without rewards.
    """
    shown = {name: score for name, score in SCORES.items() if name in result["by_step"][0]}
    table = columns("", *(score.label for score in shown.values()))

    def add(label: str, scores: Mapping[str, Any]) -> None:
        table.add_row(label, *(_interval(scores[name], score.decimals) for name, score in shown.items()))

    for scores in result["by_step"]:
        add(score_in_words(result, scores["step"]), scores)
    table.add_row()
    for label, scores in memory_checks(result):
        add(label, scores)
    if "without_rewards" in result:
        table.add_row()
    for policy, scores in result["floors"].items():
        table.add_row(policy, *(_number(scores.get(name), score.decimals) for name, score in shown.items()))
    return table


def horizon_warning(result: Mapping[str, Any]) -> str | None:
    """A warning that episodes may be too short, if no reference policy succeeds, not even the expert; else None."""
    successes = [scores["success_any"] for scores in result["floors"].values() if "success_any" in scores]
    if not successes or any(successes):
        return None
    within = counted(result["horizon"], "control step")
    return f"no reference policy succeeds on any task within {within}; is benchmark.horizon long enough?"


def _interval(score: Mapping[str, float | None], decimals: int) -> str:
    mean, low, high = (_number(score[key], decimals) for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"
