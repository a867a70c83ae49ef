from __future__ import annotations

from typing import Any

import pytest

from mlrun.config.registries import algorithms
from mlrun.registry import Entry


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Registers an algorithm for one test, as a package's entry point would."""

    def add(config: Any, target: str) -> None:
        name = config.model_fields["name"].default
        monkeypatch.setitem(algorithms._entries, name, Entry(name, config, target, "Of a test"))

    return add
