"""`mlrun list-algos`."""

from mlrun.cli.shared.options import AsJson, examples
from mlrun.cli.shared.output import columns, print_json, print_table

NAME = "list-algos"
EXAMPLES = examples("mlrun list-algos", "mlrun list-algos --json | jq -r '.algorithms[].name'")


def command(as_json: AsJson = False) -> None:
    """List the algorithms.

    These are the values of algorithm.name in an experiment: first mlrun's own, then those of other installed packages.
    """
    from mlrun.algorithms import algorithms

    summaries = {entry.name: entry.summary for entry in algorithms.entries()}
    summaries |= {name: f"from {package}" for name, package in algorithms.offered().items()}
    if as_json:
        print_json({"algorithms": [{"name": name, "summary": summary} for name, summary in summaries.items()]})
        return
    table = columns("name", "summary")
    for name, summary in summaries.items():
        table.add_row(name, summary)
    print_table(table)
