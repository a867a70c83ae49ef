"""The command line. Each verb imports what it needs when it runs, so that help and listings answer at once."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from mlrun import __version__
from mlrun.cli import (
    bench,
    config,
    doctor,
    evaluate,
    explain,
    list_algos,
    list_envs,
    plot,
    render,
    report,
    resume,
    runs,
    train,
)
from mlrun.cli.shared.options import examples, require_subcommand

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (train, resume, evaluate, explain, plot, render, report, list_envs, list_algos, bench, doctor):
    app.command(verb.NAME, epilog=verb.EXAMPLES)(verb.command)
app.add_typer(config.app, name="config")
app.add_typer(runs.app, name="runs")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mlrun {__version__}")
        raise typer.Exit


@app.callback(
    invoke_without_command=True,
    epilog=examples("mlrun train configs/maml_reach.yaml", "mlrun eval runs/20261122-231608-maml-reach-s0-a1b2"),
)
def _mlrun(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")] = False,
) -> None:
    """Run meta-learning experiments on robot manipulation.

    'train' makes a run from a configuration file, 'eval' scores it on held-out tasks, and 'report' writes a page about
    it. 'mlrun COMMAND --help' explains each command.

    Results go to stdout, everything else to stderr. Exit codes:

    \b
        0  done
        1  failure
        2  usage or configuration error
        3  training diverged
        4  another process uses the run
      130  interrupted by SIGINT; a checkpoint was saved
      143  interrupted by SIGTERM; a checkpoint was saved
    """
    require_subcommand(context)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (`sys.argv` by default) and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # People add the option at the end of the command that has just failed, so it is accepted anywhere.
    debug = "--debug" in words
    try:
        code = app(args=[word for word in words if word != "--debug"], prog_name="mlrun", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of stdout has left. What is still buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # any error becomes one line and an exit code; --debug shows the rest
        if debug:
            traceback.print_exc()
        return _report(error)
    return code if isinstance(code, int) else 0


def _report(error: Exception) -> int:
    """Print an error as one line per mistake and return its exit code."""
    lines, code = _explain(error)
    for line in lines:
        typer.echo(f"mlrun: error: {line}", err=True)
    return code


def _explain(error: Exception) -> tuple[list[str], int]:
    """The lines that explain an error, and its exit code."""
    from mlrun.config import ConfigError
    from mlrun.errors import MlrunError

    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        hint = f"; see '{context.command_path} --help'" if context else ""
        message = " ".join(error.format_message().split()).rstrip(".")
        message = message.removeprefix("Invalid value: ").removeprefix("Invalid value for ")
        # typer checks values with pydantic and does not reword its messages
        message = message.replace(": Value error, ", ": ").replace(": Input should ", ": must ")
        return [message + hint], error.exit_code
    if isinstance(error, ConfigError):
        return str(error).splitlines(), 2
    if isinstance(error, MlrunError):
        return str(error).splitlines(), error.exit_code
    if isinstance(error, OSError):
        where = "" if error.filename is None else f"{error.filename}: "
        return [f"{where}{error.strerror or error}"], 1
    first_line = str(error).partition("\n")[0]
    return [f"{type(error).__name__}: {first_line} (--debug shows where)"], 1
