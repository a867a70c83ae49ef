from pathlib import Path

import mujoco
import numpy as np
import pytest

from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.config.schema import ML1Config

RECORDING = Path(__file__).parents[1] / "golden" / "reach-v3.npz"


@pytest.fixture(scope="session")
def recording() -> dict[str, np.ndarray]:
    """What the original benchmark did; see tests/golden/record_metaworld.py."""
    with np.load(RECORDING) as arrays:
        recorded = dict(arrays)
    version = str(recorded["mujoco_version"])
    assert mujoco.__version__ == version, (
        f"recorded with mujoco {version}, but {mujoco.__version__} is installed, which moves differently: "
        "install the version of constraints.txt, or record anew"
    )
    return recorded


@pytest.fixture(scope="session")
def reach() -> ML1:
    return ML1(ML1Config(horizon=100))
