"""The log of metrics: one JSON object in each line, one line for each iteration."""

import json
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeGuard

from mlrun.errors import MlrunError
from mlrun.runs.files import finite_or_none, write_text

_LONGEST_LINE = 2**20  # bytes; a longer line is damage
_BLOCK = 2**16  # bytes that are read at a time from the end

Row = dict[str, Any]


class MetricsLog:
    """An append-only file of flat rows. Each row has its ``"iteration"``.

    Args:
        path: the file. It need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, row: Row) -> None:
        """Add a row of plain values. NaN and the infinities are written as null."""
        line = json.dumps(finite_or_none(row), allow_nan=False)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def read(self) -> list[Row]:
        """All complete rows, oldest first. A last line that a crash cut off is left out.

        Raises:
            MlrunError: another line is not a row.
        """
        if not self.path.exists():
            return []
        rows = []
        with self.path.open("rb") as file:
            for number, line in enumerate(_lines(file), start=1):
                try:
                    rows.append(_parse_row(line))
                except (ValueError, RecursionError) as error:
                    if len(line) > _LONGEST_LINE or file.read(1):
                        raise MlrunError(f"{self.path}:{number}: not a row of metrics: {error}") from error
        return rows

    def cut_after(self, iteration: int) -> None:
        """Delete the rows of later iterations, and a last line that a crash cut off."""
        rows = [row for row in self.read() if row["iteration"] <= iteration]
        write_text(self.path, "".join(json.dumps(row) + "\n" for row in rows))


class MetricsEnd(NamedTuple):
    """The rows of a log that tell how far a run is.

    Attributes:
        last: the last row, or None if there is none.
        evaluated: the last row with an evaluation, or None.
    """

    last: Row | None
    evaluated: Row | None


def read_end(path: Path, evaluate_every: int | None) -> MetricsEnd:
    """Read the last rows of a log, without what comes before. A last line that a crash cut off is left out.

    Args:
        path: the file. It need not exist.
        evaluate_every: iterations between evaluations: so many rows are searched for one. None searches all rows.

    Raises:
        MlrunError: the file is damaged.
    """
    if not path.exists():
        return MetricsEnd(None, None)
    try:
        if not path.is_file():
            raise ValueError("not a file")
        with path.open("rb") as file:
            lines = lines_from_end(file)
            last = _last_row(lines)
            if last is None or _is_evaluation(last):
                return MetricsEnd(last, last)
            evaluated = (line for line in islice(lines, evaluate_every) if b'"eval/' in line)
            found = next(evaluated, None)
            return MetricsEnd(last, None if found is None else _parse_row(found))
    except OSError as error:
        raise MlrunError(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise MlrunError(f"{path.name} is damaged: {error}") from error


def lines_from_end(file: BinaryIO) -> Iterator[bytes]:
    """The non-empty lines of a file, the last one first.

    Raises:
        ValueError: a line is longer than any row.
    """
    end, rest = file.seek(0, 2), b""
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        rest, *lines = (file.read(end - start) + rest).split(b"\n")
        yield from filter(None, reversed(lines))
        if len(rest) > _LONGEST_LINE:
            raise ValueError("a line that does not end")
        end = start
    if rest:
        yield rest


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value of a row is a finite number. It can be null, where a number was not finite, or damaged."""
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # an integer larger than any float
        return False


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file. A line that is too long for a row is cut, so that it cannot fill the memory."""
    while line := file.readline(_LONGEST_LINE + 1):
        yield line


def _parse_row(line: bytes) -> Row:
    """The row in a line of a log.

    Raises:
        ValueError: the line has no row.
        RecursionError: the line has too many brackets.
    """
    if len(line) > _LONGEST_LINE:
        raise ValueError("a line that does not end")
    row = json.loads(line)
    if not isinstance(row, dict) or type(row.get("iteration")) is not int:
        raise ValueError("no iteration in it")
    return row


def _last_row(lines: Iterator[bytes]) -> Row | None:
    """The row of the first of the `lines`, or of the second where a crash cut the first off."""
    line = next(lines, None)
    if line is None:
        return None
    try:
        return _parse_row(line)
    except (ValueError, RecursionError):
        line = next(lines, None)
        return None if line is None else _parse_row(line)


def _is_evaluation(row: Row) -> bool:
    return any(name.startswith("eval/") for name in row)
