"""`mlrun list-envs`."""

from pydantic import BaseModel

from mlrun.cli.options import AsJson, examples
from mlrun.cli.output import columns, print_json, print_table

NAME = "list-envs"
EXAMPLES = examples("mlrun list-envs", "mlrun list-envs --json | jq -r '.environments[].name'")


def command(as_json: AsJson = False) -> None:
    """List the benchmarks that an experiment can name."""
    from mlrun.benchmarks import benchmarks

    entries = [benchmarks.entry(name) for name in benchmarks.names()]
    if as_json:
        described = [
            {"name": entry.name, "summary": entry.summary, "tasks": _num_tasks(entry.config)} for entry in entries
        ]
        print_json({"environments": described})
        return
    table = columns("name", "training tasks", "summary")
    for entry in entries:
        table.add_row(entry.name, str(_num_tasks(entry.config) or "unlimited"), entry.summary)
    print_table(table)


def _num_tasks(config: type[BaseModel]) -> int | None:
    field = config.model_fields.get("num_tasks")
    return field.default if field else None
