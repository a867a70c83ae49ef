import pytest
import torch


@pytest.fixture(autouse=True)
def _random_state_is_left_alone():
    """The layers' own initialisation draws from torch's global generator."""
    with torch.random.fork_rng(devices=[]):
        yield
