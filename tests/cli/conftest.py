from __future__ import annotations

from dataclasses import dataclass

import pytest

from mlrun.cli import main

CONFIG = """
name: reach
benchmark: {name: ml1/reach-v3, horizon: 20}
algorithm: {name: maml}
training: {iterations: 2}
"""


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def mlrun(capfd, tmp_path, monkeypatch):
    """Runs a command line in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLRUN_RUNS_DIR", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")

    def run(*arguments: object) -> Outcome:
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capfd.readouterr())

    return run


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "reach.yaml"
    path.write_text(CONFIG)
    return path
