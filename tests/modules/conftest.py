import pytest
import torch


@pytest.fixture(autouse=True)
def _random_state_is_left_alone():
    """Restores torch's global generator, from which new layers draw their weights."""
    with torch.random.fork_rng(devices=[]):
        yield
