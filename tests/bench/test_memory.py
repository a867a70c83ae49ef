import mmap

from mlrun.bench.memory import _growth


def pages(count: int) -> mmap.mmap:
    """Pages of memory from the system, all in use. Memory that the allocator has kept cannot be used instead."""
    block = mmap.mmap(-1, count * mmap.PAGESIZE)
    for start in range(0, len(block), mmap.PAGESIZE):
        block[start] = 1
    return block


def test_only_memory_that_grows_with_the_worlds_counts():
    growth = _growth(lambda num_worlds: (pages(1000), pages(100 * num_worlds)), num_worlds=80)
    assert abs(growth - 100 * mmap.PAGESIZE) < 10 * mmap.PAGESIZE
