"""The README's Python, as it stands there."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_runs(snippet: str) -> None:
    names: dict[str, object] = {}
    exec(compile(snippet, str(README), "exec"), names)
    assert "observation" in names


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) >= 2
