"""The benchmarks without a simulator in numbers, without torch, which listings have no time to load."""

from typing import Final

from mlrun.benchmarks.description import Description
from mlrun.config.benchmarks import Navigation2DConfig, SinusoidConfig

# What `benchmark.floors(benchmark.test_tasks)` measures with the defaults.
_FLOORS: Final = {
    "navigation2d": {
        "standing still": {"success_any": 0.0, "success_last": 0.0, "return": -39.225},
        "straight to the goal": {"success_any": 1.0, "success_last": 1.0, "return": -0.5628},
    },
    "sinusoid": {"mean function": {"mse": 2.9200}, "zero": {"mse": 4.1963}},
}


def describe_navigation2d(name: str) -> Description:
    """What a listing shows of `navigation2d`."""
    config = Navigation2DConfig()
    return Description(
        observation_size=2,
        action_size=2,
        horizon=config.horizon,
        test_tasks=config.evaluation_tasks,
        floors=_FLOORS[name],
    )


def describe_sinusoid(name: str) -> Description:
    """What a listing shows of `sinusoid`."""
    return Description(
        observation_size=1, action_size=1, test_tasks=SinusoidConfig().evaluation_tasks, floors=_FLOORS[name]
    )
