"""Writes the metrics of a run for TensorBoard while it trains."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlrun.extras import require_extra
from mlrun.training.reporter import Reporter

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter

_FLUSH_SECONDS = 5


class TensorBoardReporter:
    """Writes every row of metrics as scalars of the same names, and tells another reporter the same.

    Args:
        inner: the other reporter.
        directory: where the event files go, for ``tensorboard --logdir``.
    """

    def __init__(self, inner: Reporter, directory: Path) -> None:
        self._inner = inner
        self._directory = directory
        self._writer: SummaryWriter | None = None

    def iteration(self, row: Mapping[str, Any], total: int) -> None:
        """Write the row. The first row hides those of the same iterations from an earlier, stopped process."""
        from torch.utils.tensorboard.writer import SummaryWriter

        iteration = row["iteration"]
        if self._writer is None:
            self._writer = SummaryWriter(str(self._directory), purge_step=iteration, flush_secs=_FLUSH_SECONDS)
        for name, value in row.items():
            if name != "iteration" and isinstance(value, numbers.Real):
                self._writer.add_scalar(name, float(value), iteration)
        self._inner.iteration(row, total)

    def evaluation(self, iteration: int, summary: Mapping[str, float]) -> None:
        """Tell the other reporter. The scores are already in the row."""
        self._inner.evaluation(iteration, summary)

    def note(self, text: str) -> None:
        """Tell the other reporter."""
        self._inner.note(text)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()


def require_tensorboard() -> None:
    """Check that TensorBoard is installed.

    Raises:
        MissingExtraError: it is not.
    """
    require_extra("tensorboard", "tensorboard", "writing for TensorBoard")


@contextmanager
def writing_for_tensorboard(reporter: Reporter, directory: Path) -> Iterator[Reporter]:
    """A reporter that also writes event files.

    Raises:
        MissingExtraError: TensorBoard is not installed.
    """
    require_tensorboard()
    writing = TensorBoardReporter(reporter, directory)
    try:
        yield writing
    finally:
        writing.close()
