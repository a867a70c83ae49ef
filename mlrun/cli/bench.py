"""`mlrun bench`."""

from pathlib import Path
from typing import Annotated

import typer

from mlrun.cli.options import AsJson, Settings, examples
from mlrun.cli.output import columns, note, print_json, print_table

NAME = "bench"
EXAMPLES = examples("mlrun bench", "mlrun bench configs/maml_reach.yaml --json")


def command(
    config: Annotated[Path | None, typer.Argument(help="Experiment whose meta-iterations to time as well.")] = None,
    settings: Settings = None,
    worlds: Annotated[int, typer.Option(min=1, help="Worlds of the environment.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Measure the environment, and meta-training, against the physics engine alone.

    What is compared takes turns in one process: trust the ratios, not the speeds.
    """
    from mlrun.config import load_experiment

    if config is None and settings:
        raise typer.BadParameter("--set needs a CONFIG")
    experiment = None if config is None else load_experiment(config, settings or [])
    from mlrun.bench import environment_throughput, meta_iteration_cost
    from mlrun.experiment.device import resolve_device

    if experiment is not None:
        resolve_device(experiment.device)
    note("measuring; other work on the machine disturbs it")
    figures = environment_throughput(num_worlds=worlds)
    if experiment is not None:
        figures |= meta_iteration_cost(experiment)
    if as_json:
        print_json(figures)
        return
    table = columns("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}" if isinstance(value, float) else str(value))
    print_table(table)
