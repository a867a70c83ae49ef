"""Printing results to stdout and notes to stderr."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH_OFF_TERMINAL = 200


def note(text: str) -> None:
    """Tell the person something that is not the result."""
    with contextlib.suppress(OSError):
        typer.echo(text, err=True)


def can_draw() -> bool:
    """Whether matplotlib is there for figures; if it is not, the person is told how to install it."""
    from mlrun.extras import MissingExtraError, require_extra

    try:
        require_extra("plot", "matplotlib", "drawing figures")
    except MissingExtraError as error:
        note(str(error))
        return False
    return True


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object."""
    from mlrun.runs.files import finite_or_none

    typer.echo(json.dumps(finite_or_none(value), indent=2, allow_nan=False))


def print_table(table: Table) -> None:
    """Print a table, in colour on a terminal only, and nowhere shortened to fit unless on a terminal.

    Texts in it are shown as they are: brackets in a name or a setting are no markup.
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
    """An empty table without rules or padding around it."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name)
    return table


def columns_of_numbers(label: str, *names: str) -> Table:
    """The same, in which all columns but the first have numbers."""
    table = columns(label, *names)
    for column in table.columns[1:]:
        column.justify = "right"
    return table
