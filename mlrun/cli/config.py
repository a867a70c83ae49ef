"""`mlrun config show`, `validate` and `schema`."""

from pathlib import Path
from typing import Annotated

import typer

from mlrun.cli.shared.options import ConfigFile, Settings, examples, require_subcommand
from mlrun.cli.shared.output import note, print_json

app = typer.Typer(rich_markup_mode=None)


@app.callback(invoke_without_command=True, epilog=examples("mlrun config validate configs/*.yaml"))
def _config(context: typer.Context) -> None:
    """Show and check configuration files."""
    require_subcommand(context)


@app.command(epilog=examples("mlrun config show configs/maml_reach.yaml --set seed=3"))
def show(config: ConfigFile, settings: Settings = None) -> None:
    """Print an experiment with all its defaults, as YAML."""
    from mlrun.config import dump_experiment, load_experiment

    typer.echo(dump_experiment(load_experiment(config, settings or [])), nl=False)


@app.command(epilog=examples("mlrun config validate configs/*.yaml"))
def validate(
    configs: Annotated[
        list[Path], typer.Argument(metavar="CONFIG", help="One or more YAML files that describe experiments.")
    ],
    settings: Settings = None,
) -> None:
    """Check configuration files and report every mistake.

    Prints "FILE: ok" for a valid file. Each mistake is one line on stderr with its place, the value, and what to write
    instead. The exit code is 2 if there is a mistake.
    """
    from mlrun.config import ConfigError, load_experiment

    valid = True
    for path in configs:
        try:
            load_experiment(path, settings or [])
        except ConfigError as error:
            valid = False
            for line in str(error).splitlines():
                note(f"mlrun: error: {line}")
        else:
            typer.echo(f"{path}: ok")
    if not valid:
        raise typer.Exit(2)


@app.command(epilog=examples("mlrun config schema > experiment.schema.json"))
def schema() -> None:
    """Print the JSON schema of these files, for editors."""
    from mlrun.config import experiment_schema

    print_json(experiment_schema())
