import pytest

from mlrun.bench.inner_loop import inner_loop


def test_every_method_is_timed_and_the_ratios_are_of_these_times():
    figures = inner_loop(rounds=1, few=2, many=3)
    few, many = figures["few_samples"], figures["many_samples"]
    assert few["speedup"] == pytest.approx(few["seconds"]["loop"] / few["seconds"]["batched"])
    better = min(many["seconds"]["loop"], many["seconds"]["batched"])
    assert many["share_of_better"] == pytest.approx(better / many["seconds"]["auto"])
    for row, name in ((few, "speedup"), (many, "share_of_better")):
        low, high = row[f"{name}_range"]
        assert low <= row[name] <= high
