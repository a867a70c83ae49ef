import json

from mlrun.bench import environment_throughput


def test_throughput_is_reported_as_plain_numbers() -> None:
    result = json.loads(json.dumps(environment_throughput(num_worlds=2, seconds=1e-3)))
    assert result["num_worlds"] == 2
    assert 0 < result["ratio"] < 2
    speeds = result["environment_steps_per_second"], result["physics_alone_steps_per_second"]
    assert min(speeds) > 0
