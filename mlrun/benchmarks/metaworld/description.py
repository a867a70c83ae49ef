"""ML1 in numbers, without torch or the simulator, which listings have no time to load."""

from mlrun.benchmarks.description import Description
from mlrun.benchmarks.metaworld.sizes import ACTION_SIZE, OBSERVATION_SIZE
from mlrun.benchmarks.metaworld.stored_floors import stored_floors
from mlrun.config.benchmarks import ML1Config


def describe(name: str) -> Description:
    """What a listing shows of one problem."""
    config = ML1Config.model_validate({"name": name})
    return Description(
        observation_size=OBSERVATION_SIZE,
        action_size=ACTION_SIZE,
        horizon=config.horizon,
        train_tasks=config.num_tasks,
        test_tasks=config.num_tasks,
        floors=stored_floors(name),
    )
