from collections.abc import Callable
from pathlib import Path

import pytest

from mlrun.config import ConfigError, Experiment, load_experiment

MINIMAL = """\
benchmark:
  name: ml1/reach-v3
algorithm:
  name: maml
training:
  iterations: 3
"""

Load = Callable[..., Experiment]
Complain = Callable[..., list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load an experiment from text."""

    def load(text: str | bytes, *overrides: str) -> Experiment:
        path = tmp_path / "x.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_experiment(path, overrides)

    return load


@pytest.fixture
def complain(load: Load, tmp_path: Path) -> Complain:
    """Load an experiment from faulty text and return the lines of the error, the directory left out."""

    def complain(text: str | bytes, *overrides: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(text, *overrides)
        lines = str(caught.value).splitlines()
        assert len(lines) == len(caught.value.mistakes)
        return [line.replace(f"{tmp_path}/", "") for line in lines]

    return complain
