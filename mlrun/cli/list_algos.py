"""`mlrun list-algos`."""

from mlrun.cli.options import AsJson, examples
from mlrun.cli.output import columns, print_json, print_table

NAME = "list-algos"
EXAMPLES = examples("mlrun list-algos", "mlrun list-algos --json | jq -r '.algorithms[].name'")


def command(as_json: AsJson = False) -> None:
    """List the algorithms that an experiment can name."""
    from mlrun.algorithms import algorithms

    entries = [algorithms.entry(name) for name in algorithms.names()]
    if as_json:
        print_json({"algorithms": [{"name": entry.name, "summary": entry.summary} for entry in entries]})
        return
    table = columns("name", "summary")
    for entry in entries:
        table.add_row(entry.name, entry.summary)
    print_table(table)
