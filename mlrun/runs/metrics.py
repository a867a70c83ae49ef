"""The log of metrics: one JSON object per line, one line per iteration."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

from mlrun.errors import MlrunError
from mlrun.runs.files import finite_or_none, write_text

LONGEST_LINE = 2**20

Row = dict[str, Any]


class MetricsLog:
    """An append-only file of flat rows, each with its ``"iteration"``.

    Args:
        path: the file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, row: Row) -> None:
        """Add a row of plain values; NaN and the infinities are written as null."""
        line = json.dumps(finite_or_none(row), allow_nan=False)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def read(self) -> list[Row]:
        """All complete rows, oldest first. A last line that a crash tore is left out.

        Raises:
            MlrunError: another line is not a JSON object.
        """
        if not self.path.exists():
            return []
        rows = []
        with self.path.open("rb") as file:
            for number, line in enumerate(_lines(file), start=1):
                try:
                    rows.append(parse_row(line))
                except (ValueError, RecursionError) as error:
                    if len(line) > LONGEST_LINE or file.read(1):
                        raise MlrunError(f"{self.path}:{number}: not a row of metrics: {error}") from error
        return rows

    def cut_after(self, iteration: int) -> None:
        """Drop the rows of later iterations, and a torn last line."""
        rows = [row for row in self.read() if row["iteration"] <= iteration]
        write_text(self.path, "".join(json.dumps(row) + "\n" for row in rows))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, and no more of them than can belong to a log."""
    while line := file.readline(LONGEST_LINE + 1):
        yield line


def is_number(value: object) -> TypeGuard[float]:
    """Whether a row has a finite number there, and not a null in place of one that was not, or damage."""
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # an integer larger than any float
        return False


def parse_row(line: bytes) -> Row:
    """The row in a line of a log.

    Raises:
        ValueError: there is none.
        RecursionError: the line has too many brackets.
    """
    if len(line) > LONGEST_LINE:
        raise ValueError("a line that does not end")
    row = json.loads(line)
    if not isinstance(row, dict) or type(row.get("iteration")) is not int:
        raise ValueError("no iteration in it")
    return row
