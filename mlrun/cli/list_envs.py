"""`mlrun list-envs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from mlrun.cli.shared.options import AsJson, examples
from mlrun.cli.shared.output import columns, note, print_json, print_table
from mlrun.scores import SCORES

if TYPE_CHECKING:
    from mlrun.benchmarks.descriptions import Description

NAME = "list-envs"
EXAMPLES = examples(
    "mlrun list-envs",
    "mlrun list-envs --json | jq -r '.environments[].name'",
    "mlrun list-envs --json | jq '.environments[] | {name, floors}'",
)


def command(as_json: AsJson = False) -> None:
    """List the benchmarks.

    These are the values of benchmark.name in an experiment. Sizes are those of the default settings. Under "tasks"
    stands the number of training tasks + the number of held-out tasks. Reference scores are those of policies that are
    not trained: the share of held-out tasks with a success at any step, or the mean squared error on held-out tasks.
    """
    from mlrun.benchmarks import benchmarks
    from mlrun.training.device import why_no_physics_on_gpu

    why_not = why_no_physics_on_gpu()
    physics = {entry.name: _physics(entry.config.simulated, why_not) for entry in benchmarks.entries()}
    summaries = {entry.name: entry.summary for entry in benchmarks.entries()}
    descriptions = {name: benchmarks.describe(name) for name in summaries}
    summaries |= {name: f"from {package}" for name, package in benchmarks.offered().items()}
    if as_json:
        listed = [
            {"name": name, "summary": text, "physics": physics.get(name), **_as_data(descriptions.get(name))}
            for name, text in summaries.items()
        ]
        print_json({"environments": listed})
        return
    table = columns("name", "observation", "action", "horizon", "tasks", "reference scores", "summary")
    table.columns[-1].no_wrap = True  # the reference scores wrap instead
    for name, summary in summaries.items():
        table.add_row(name, *_cells(descriptions.get(name)), summary)
    print_table(table)
    note(f"physics: on the CPU, not on a GPU: {why_not}" if why_not else "physics: on the CPU or the GPU")


def _physics(simulated: bool, why_not_on_gpu: str | None) -> list[str]:
    """The physics engines that work on this machine; none for a benchmark without physics."""
    return (["cpu"] if why_not_on_gpu else ["cpu", "warp"]) if simulated else []


def _as_data(description: Description | None) -> dict[str, Any]:
    from mlrun.benchmarks.descriptions import Description

    numbers = dict.fromkeys(field.name for field in fields(Description)) if description is None else asdict(description)
    numbers["floors"] = numbers.pop("reference_scores")  # scripts know this name
    return numbers


def _cells(description: Description | None) -> list[str]:
    if description is None:
        return ["-"] * 5
    train, test = (_tasks(count) for count in (description.train_tasks, description.test_tasks))
    sizes = description.observation_size, description.action_size, description.horizon
    return [
        *("-" if size is None else str(size) for size in sizes),
        f"{train} + {test}",
        _reference_scores(description.reference_scores),
    ]


def _tasks(count: int | None) -> str:
    return "unlimited" if count is None else str(count)


def _reference_scores(by_policy: Mapping[str, Mapping[str, float]]) -> str:
    return ", ".join(f"{policy} {_first_score(scores)}" for policy, scores in by_policy.items()) or "-"


def _first_score(scores: Mapping[str, float]) -> str:
    name = next(name for name in SCORES if name in scores)
    return f"{scores[name]:.{SCORES[name].decimals}f}"
