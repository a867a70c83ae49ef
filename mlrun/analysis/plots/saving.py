"""Figures into files, the same bytes for the same figure."""

from pathlib import Path
from typing import BinaryIO, Final

from matplotlib.figure import Figure

from mlrun.analysis.plots.style import applied
from mlrun.runs.files import atomic_file

# What matplotlib would add by itself: the time, which no two files would share, and its own version.
_METADATA: Final = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a file of the kind that its extension says, .png or .svg, in place of what was there."""
    with atomic_file(path) as file:
        write(figure, file, path.suffix.removeprefix("."))


def write(figure: Figure, file: BinaryIO, kind: str) -> None:
    """Write a figure into an open file as "png" or "svg"."""
    with applied():
        figure.savefig(file, format=kind, metadata=_METADATA[kind])
