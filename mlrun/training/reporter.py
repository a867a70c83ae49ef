"""What is told about the progress of training."""

from collections.abc import Mapping
from typing import Any, Protocol


class Reporter(Protocol):
    """Receives the progress of training. Its methods must be fast. An error in them ends training."""

    def iteration(self, row: Mapping[str, Any], total: int) -> None:
        """A meta-iteration is complete. ``row`` has its metrics; ``total`` is the number of all iterations."""
        ...

    def evaluation(self, iteration: int, summary: Mapping[str, float]) -> None:
        """An evaluation is complete. ``summary`` has the mean scores by name, before and after adaptation."""
        ...

    def note(self, text: str) -> None:
        """A message of one line."""
        ...
