from mlrun.bench.memory import _growth


def test_only_what_every_world_needs_is_counted():
    page = 4096

    def run(num_worlds):
        for_all, for_each = b"x" * (4 << 20), b"x" * (num_worlds * 100 * page)
        return for_all, for_each

    assert abs(_growth(run, num_worlds=80) - 100 * page) < 10 * page
