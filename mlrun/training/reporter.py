"""Who is told how training goes."""

from collections.abc import Mapping
from typing import Any, Protocol


class Reporter(Protocol):
    """Receives what happens during training; must neither fail nor take long."""

    def iteration(self, row: Mapping[str, Any], total: int) -> None:
        """One meta-iteration is done: its row of metrics, and the number of iterations in all."""
        ...

    def evaluation(self, iteration: int, summary: Mapping[str, float]) -> None:
        """An evaluation is done: scores by name, before and after adaptation."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...
