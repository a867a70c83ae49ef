import functools
from pathlib import Path

import mujoco
import numpy as np
import pytest

from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.task_families import TASK_FAMILIES

GOLDEN = Path(__file__).parents[2] / "golden"
FAMILIES = [*TASK_FAMILIES]

Recording = dict[str, np.ndarray]


@functools.cache
def load_recording(family: str) -> Recording:
    """What the original benchmark did. See tests/golden/record_metaworld.py."""
    with np.load(GOLDEN / f"{family}.npz") as arrays:
        recorded = dict(arrays)
    version = str(recorded["mujoco_version"])
    assert mujoco.__version__ == version, (
        f"recorded with mujoco {version}, but {mujoco.__version__} is installed, which moves differently: "
        "install the version of constraints.txt, or record anew"
    )
    return recorded


@pytest.fixture(scope="session", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def recording(family: str) -> Recording:
    return load_recording(family)


@pytest.fixture(scope="session")
def reach() -> ML1:
    return ML1("reach-v3", horizon=100)
