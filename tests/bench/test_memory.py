import mmap

from mlrun.bench.memory import _growth


def pages(count: int) -> mmap.mmap:
    """Memory straight from the system, all of it in use; what the allocator has kept from others cannot serve it."""
    block = mmap.mmap(-1, count * mmap.PAGESIZE)
    for start in range(0, len(block), mmap.PAGESIZE):
        block[start] = 1
    return block


def test_only_what_every_world_needs_is_counted():
    growth = _growth(lambda num_worlds: (pages(1000), pages(100 * num_worlds)), num_worlds=80)
    assert abs(growth - 100 * mmap.PAGESIZE) < 10 * mmap.PAGESIZE
