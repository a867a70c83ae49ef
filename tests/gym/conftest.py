import pytest

from mlrun.benchmarks.ml1.benchmark import ML1


@pytest.fixture(scope="session")
def reach() -> ML1:
    return ML1("reach-v3", horizon=5)
