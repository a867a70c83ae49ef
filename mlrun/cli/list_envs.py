"""`mlrun list-envs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from mlrun.cli.options import AsJson, examples
from mlrun.cli.output import columns, print_json, print_table

if TYPE_CHECKING:
    from mlrun.benchmarks.description import Description
    from mlrun.benchmarks.protocol import Floor

NAME = "list-envs"
EXAMPLES = examples(
    "mlrun list-envs",
    "mlrun list-envs --json | jq -r '.environments[].name'",
    "mlrun list-envs --json | jq '.environments[] | {name, floors}'",
)


def command(as_json: AsJson = False) -> None:
    """List the benchmarks that an experiment can name, with their defaults.

    Tasks are those to train on + those held out. Floors are what policies reach that do not adapt: the share of
    held-out tasks with a success at any step.
    """
    from mlrun.benchmarks import benchmarks

    entries = [benchmarks.entry(name) for name in benchmarks.names()]
    descriptions = {entry.name: benchmarks.describe(entry.name) for entry in entries}
    if as_json:
        listed = [{"name": e.name, "summary": e.summary, **_as_data(descriptions[e.name])} for e in entries]
        print_json({"environments": listed})
        return
    table = columns("name", "observation", "action", "horizon", "tasks", "floors", "summary")
    for entry in entries:
        table.add_row(entry.name, *_cells(descriptions[entry.name]), entry.summary)
    print_table(table)


def _as_data(description: Description | None) -> dict[str, Any]:
    from mlrun.benchmarks.description import Description

    return dict.fromkeys(field.name for field in fields(Description)) if description is None else asdict(description)


def _cells(description: Description | None) -> list[str]:
    if description is None:
        return ["-"] * 5
    train, test = (_tasks(count) for count in (description.train_tasks, description.test_tasks))
    sizes = description.observation_size, description.action_size, description.horizon
    return [*map(str, sizes), f"{train} + {test}", _floors(description.floors)]


def _tasks(count: int | None) -> str:
    return "unlimited" if count is None else str(count)


def _floors(floors: Mapping[str, Floor]) -> str:
    return ", ".join(f"{name} {floor.success_any:.2f}" for name, floor in floors.items()) or "-"
