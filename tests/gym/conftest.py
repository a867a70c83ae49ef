import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from mlrun import ML1


@pytest.fixture(scope="session")
def reach() -> ML1:
    return ML1("reach-v3", horizon=5)


@pytest.fixture(params=[copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["deepcopy", "pickle"])
def copied(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return request.param
