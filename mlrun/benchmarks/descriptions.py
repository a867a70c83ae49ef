"""Descriptions of benchmarks for listings. They load without torch, so that listings are quick."""

import json
from dataclasses import dataclass, field
from importlib import resources

from mlrun.config.benchmarks import ML1Config, Navigation2DConfig, SinusoidConfig
from mlrun.task_families import ACTION_SIZE, OBSERVATION_SIZE

Scores = dict[str, dict[str, float]]
"""Mean scores of reference policies, by the names of policy and score."""


@dataclass(frozen=True)
class Description:
    """A benchmark in numbers, with its default settings.

    Attributes:
        observation_size: numbers in an observation, or in an input.
        action_size: numbers in an action, or in an output.
        horizon: control steps per episode; None if there are no episodes.
        train_tasks: number of training tasks; None if there is no limit.
        test_tasks: number of held-out tasks; None if there is no limit.
        reference_scores: mean scores of policies that are not trained, on the held-out tasks.
    """

    observation_size: int
    action_size: int
    horizon: int | None = None
    train_tasks: int | None = None
    test_tasks: int | None = None
    reference_scores: Scores = field(default_factory=dict)


def describe_ml1(name: str) -> Description:
    """Describes one ML1 benchmark."""
    config = ML1Config.model_validate({"name": name})
    return Description(
        observation_size=OBSERVATION_SIZE,
        action_size=ACTION_SIZE,
        horizon=config.horizon,
        train_tasks=config.num_tasks,
        test_tasks=config.num_tasks,
        reference_scores=reference_scores(name),
    )


def describe_navigation2d(name: str) -> Description:
    """Describes `navigation2d`."""
    config = Navigation2DConfig()
    return Description(
        observation_size=2,
        action_size=2,
        horizon=config.horizon,
        test_tasks=config.evaluation_tasks,
        reference_scores=reference_scores(name),
    )


def describe_sinusoid(name: str) -> Description:
    """Describes `sinusoid`."""
    return Description(
        observation_size=1,
        action_size=1,
        test_tasks=SinusoidConfig().evaluation_tasks,
        reference_scores=reference_scores(name),
    )


def reference_scores(name: str) -> Scores:
    """Returns the scores of reference policies on a benchmark's held-out tasks, with its default settings.

    ``tools/measure_reference_scores.py`` measures them. The result is empty if it has not measured this benchmark.
    """
    text = (resources.files("mlrun.benchmarks") / "reference_scores.json").read_text(encoding="utf-8")
    return json.loads(text).get(name, {})
