"""What verbs print: results to stdout, notes to stderr."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH_OFF_TERMINAL = 200


def note(text: str) -> None:
    """Print a line that is not part of the result to stderr. It is lost without an error if stderr is closed."""
    with contextlib.suppress(OSError):
        typer.echo(text, err=True)


def program() -> str:
    """The command that starts this program from the user's shell: "mlrun", or its path if it is not on PATH."""
    if shutil.which("mlrun"):
        return "mlrun"
    started = Path(sys.argv[0])
    return f"{shlex.quote(sys.executable)} -m mlrun" if started.name == "__main__.py" else shlex.quote(str(started))


def can_draw() -> bool:
    """Whether matplotlib is installed. If it is not, a note says how to install it."""
    from mlrun.extras import MissingExtraError, require_extra

    try:
        require_extra("plot", "matplotlib", "drawing figures")
    except MissingExtraError as error:
        note(str(error))
        return False
    return True


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object. NaN and infinities become null."""
    from mlrun.runs.files import finite_or_none

    typer.echo(json.dumps(finite_or_none(value), indent=2, allow_nan=False))


def print_table(table: Table) -> None:
    """Print a table.

    On a terminal it has colours and is cut to the terminal's width. Elsewhere it is plain and up to 200 characters
    wide. Texts are printed as they are: brackets in a name or a setting are no markup.
    """
    from rich.console import Console

    on_terminal = sys.stdout.isatty()
    width = None if on_terminal else _WIDTH_OFF_TERMINAL
    console = Console(force_terminal=on_terminal, width=width, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        typer.echo(line.rstrip())


def columns(*names: str) -> Table:
    """An empty table with these headings, without rules or padding around it."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name)
    return table


def columns_of_numbers(label: str, *names: str) -> Table:
    """An empty table whose first column holds labels; the others hold numbers and are aligned right."""
    table = columns(label, *names)
    for column in table.columns[1:]:
        column.justify = "right"
    return table
