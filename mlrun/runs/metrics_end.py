"""The end of a log of metrics, read without what comes before it."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from mlrun.errors import MlrunError
from mlrun.runs.metrics import LONGEST_LINE, parse_row

_BLOCK = 2**16


class MetricsEnd(NamedTuple):
    """The rows of a log that tell how far a run has come.

    Attributes:
        last: the last row, or None where there is none yet.
        evaluated: the last row with an evaluation in it, or None.
    """

    last: dict[str, Any] | None
    evaluated: dict[str, Any] | None


def read_end(path: Path, evaluate_every: int | None) -> MetricsEnd:
    """Read the rows that tell how far a run has come. A last line that a crash tore is left out.

    Args:
        path: the file; it need not exist.
        evaluate_every: in how many of the last rows there is an evaluation; None to look through all.

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
            return MetricsEnd(last, None if found is None else parse_row(found))
    except OSError as error:
        raise MlrunError(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise MlrunError(f"{path.name} is damaged: {error}") from error


def lines_from_end(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file that are not empty, the last one first.

    Raises:
        ValueError: a line is absurdly long.
    """
    end, rest = file.seek(0, 2), b""
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        rest, *lines = (file.read(end - start) + rest).split(b"\n")
        yield from filter(None, reversed(lines))
        if len(rest) > LONGEST_LINE:
            raise ValueError("a line that does not end")
        end = start
    if rest:
        yield rest


def _last_row(lines: Iterator[bytes]) -> dict[str, Any] | None:
    line = next(lines, None)
    if line is None:
        return None
    try:
        return parse_row(line)
    except (ValueError, RecursionError):
        line = next(lines, None)
        return None if line is None else parse_row(line)


def _is_evaluation(row: dict[str, Any]) -> bool:
    return any(name.startswith("eval/") for name in row)
