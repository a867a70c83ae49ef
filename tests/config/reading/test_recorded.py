from pathlib import Path

import pytest
import yaml

from mlrun.config import ConfigError, dump_experiment, read_experiment, read_values
from tests.config.conftest import MINIMAL, Load

SUPERVISED = MINIMAL.replace("ml1/reach-v3", "sinusoid").replace("maml", "reptile")


@pytest.fixture
def recorded(load: Load, tmp_path: Path):
    """The file of a resolved experiment, with other names and settings in some of its sections."""

    def recorded(text: str, **sections: dict[str, object]) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(dump_experiment(load(text))) | sections))
        return path

    return recorded


@pytest.mark.parametrize("text", [MINIMAL, SUPERVISED])
def test_what_is_known_is_read_as_it_is_loaded(text, recorded, load) -> None:
    path = recorded(text)
    assert read_experiment(path) == load(path.read_text())


@pytest.mark.parametrize("text", [MINIMAL, SUPERVISED])
def test_what_no_package_provides_is_read_as_it_was_recorded(text, recorded, load) -> None:
    algorithm = {"name": "mine", "inner": {"steps": 3, "rates": [0.5, None]}, "needs_policy": 1}
    path = recorded(text, benchmark={"name": "maze", "width": 4}, algorithm=algorithm)
    experiment = read_experiment(path)
    assert type(experiment) is type(load(text))
    assert yaml.safe_load(dump_experiment(experiment)) == read_values(path)
    with pytest.raises(ConfigError, match=r"unknown algorithm 'mine' .*no installed package provides it"):
        load(path.read_text())


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"algorithm": {"name": 3}}, "algorithm.name: must be one of"),
        ({"algorithm": {"name": "mine", 3: 4}}, "algorithm: a key must be a name, not 3"),
        ({"benchmark": None}, "benchmark: must be a section"),
        ({"algorithm": {"name": "mine"}, "policy": 3}, "policy: must be a section"),
        ({"algorithm": {"name": "maml", "inner": {"steps": 0}}}, "algorithm.inner.steps: must be at least 1"),
    ],
)
def test_mistakes_are_found_all_the_same(sections, said, recorded) -> None:
    with pytest.raises(ConfigError, match=said):
        read_experiment(recorded(MINIMAL, **sections))
