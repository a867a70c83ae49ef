"""What a listing says of a benchmark beside its name."""

from dataclasses import dataclass, field

from mlrun.benchmarks.protocol import Floor


@dataclass(frozen=True)
class Description:
    """A benchmark in numbers, as it is by default.

    Attributes:
        observation_size: numbers in an observation.
        action_size: numbers in an action.
        horizon: control steps per episode.
        train_tasks: tasks to train on; None is without limit.
        test_tasks: held-out tasks; None is without limit.
        floors: what policies that do not adapt reach on the held-out tasks, by their names.
    """

    observation_size: int
    action_size: int
    horizon: int
    train_tasks: int | None = None
    test_tasks: int | None = None
    floors: dict[str, Floor] = field(default_factory=dict)
