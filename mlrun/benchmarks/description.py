"""What a listing says of a benchmark beside its name."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Description:
    """A benchmark in numbers, as it is by default.

    Attributes:
        observation_size: numbers in an observation, or in an input.
        action_size: numbers in an action, or in an output.
        horizon: control steps per episode; None where there are no episodes.
        train_tasks: tasks to train on; None is without limit.
        test_tasks: held-out tasks; None is without limit.
        floors: mean scores on the held-out tasks of what does not adapt, by its name.
    """

    observation_size: int
    action_size: int
    horizon: int | None = None
    train_tasks: int | None = None
    test_tasks: int | None = None
    floors: dict[str, dict[str, float]] = field(default_factory=dict)
