"""Helpers for tests of training: a reporter that remembers, and metrics without times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlrun.runs.directory import RunDirectory

CLOCKS = {"time", "time/collect", "time/update", "env_steps_per_second", "examples_per_second"}


class Watcher:
    """A reporter that remembers what it is told. It can act after each iteration."""

    def __init__(self, act: Any = None) -> None:
        self.rows: list[Mapping[str, Any]] = []
        self.evaluations: list[Mapping[str, float]] = []
        self.notes: list[str] = []
        self.act = act

    def iteration(self, row: Mapping[str, Any], total: int) -> None:
        self.rows.append(row)
        if self.act is not None:
            self.act(row["iteration"])

    def evaluation(self, iteration: int, summary: Mapping[str, float]) -> None:
        self.evaluations.append(summary)

    def note(self, text: str) -> None:
        self.notes.append(text)


def timeless(directory: RunDirectory) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in CLOCKS} for row in directory.metrics.read()]
