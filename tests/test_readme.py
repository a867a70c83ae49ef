"""The README's Python, as it stands there."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_a_snippet_runs(snippet: str) -> None:
    exec(compile(snippet, str(README), "exec"), {"__name__": "readme"})


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) >= 5


def test_the_algorithm_of_ones_own_trains(tmp_path: Path) -> None:
    """A package is laid out as the README says, and found by its entry point."""
    section = TEXT[TEXT.index("## An algorithm of your own") :]
    (code,), (points,) = (
        re.findall(rf"```{kind}\n(.*?)```", section, flags=re.DOTALL)[:1] for kind in ("python", "toml")
    )
    assert len(code.splitlines()) < 40
    ((name, target),) = tomllib.loads(points)["project"]["entry-points"]["mlrun.algorithms"].items()
    module = tmp_path.joinpath(*target.partition(":")[0].split(".")).with_suffix(".py")
    module.parent.mkdir()
    module.write_text(code)
    metadata = tmp_path / "my_package-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 0.1\n")
    (metadata / "entry_points.txt").write_text(f"[mlrun.algorithms]\n{name} = {target}\n")
    experiment = {
        "benchmark": {"name": "sinusoid"},
        "algorithm": {"name": name, "adapting": "weight", "outer": {"name": "adam"}},
        "training": {"iterations": 2},
    }
    (tmp_path / "mine.yaml").write_text(json.dumps(experiment))

    def mlrun(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": f"{README.parent}{os.pathsep}{tmp_path}"}
        command = [sys.executable, "-m", "mlrun", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    assert "from my-package 0.1" in mlrun("list-algos")
    run = tmp_path / mlrun("train", "mine.yaml").strip()
    assert "adapting: weight" in (run / "config.yaml").read_text()
    assert (run / "checkpoints" / "last").exists()
