from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch

from mlrun.simulation.threads import one_torch_thread


@pytest.fixture(autouse=True)
def two_torch_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_it_may_be_nested() -> None:
    with one_torch_thread():
        with one_torch_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_python_threads_that_overlap_leave_new_ones_as_they_were() -> None:
    entered, may_leave = Event(), Event()

    def overlap() -> None:
        with one_torch_thread():
            entered.set()
            assert may_leave.wait(10)

    with ThreadPoolExecutor() as pool:
        with one_torch_thread():
            overlapping = pool.submit(overlap)
            assert entered.wait(10)
        may_leave.set()
        overlapping.result()
    with ThreadPoolExecutor() as pool:
        assert pool.submit(torch.get_num_threads).result() == 2
