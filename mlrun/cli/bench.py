"""`mlrun bench`."""

from mlrun.cli.options import AsJson, examples
from mlrun.cli.output import columns, note, print_json, print_table

NAME = "bench"
EXAMPLES = examples("mlrun bench", "mlrun bench --json")


def command(as_json: AsJson = False) -> None:
    """Measure the speed of simulation and training here."""
    from mlrun.bench import run_benchmarks

    note("measuring; this takes a minute, and other work on the machine disturbs it")
    figures = run_benchmarks()
    if as_json:
        print_json(figures)
        return
    table = columns("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}" if isinstance(value, float) else str(value))
    print_table(table)
