from __future__ import annotations

import dataclasses

import pytest
import torch

from mlrun.benchmarks.environment import TaskEnvironment
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.benchmarks.navigation2d import NavigationWorlds
from mlrun.benchmarks.task import Task

HORIZON = 5


def make_worlds(family: str | None, count: int) -> ManipulationWorlds:
    return ML1(str(family), horizon=HORIZON).make_worlds(count, 1)


@pytest.fixture(scope="module")
def mixed() -> list[Task]:
    reach, push = (
        [dataclasses.replace(task, family=family) for task in ML1(family).train_tasks[:4]]
        for family in ("reach-v3", "push-v3")
    )
    return [reach[0], push[0], push[1], reach[1], push[2]]


def play(environment: TaskEnvironment, actions: torch.Tensor) -> torch.Tensor:
    """Observations, rewards and successes after each step, (worlds, steps, 41)."""
    steps = [environment.step(action) for action in actions.unbind(1)]
    return torch.stack(
        [torch.cat([step.observation, step.reward[:, None], step.success[:, None]], dim=1) for step in steps], dim=1
    )


def test_worlds_of_several_families_do_what_each_does_alone(mixed: list[Task]) -> None:
    actions = 2 * torch.rand(len(mixed), HORIZON, 4, generator=torch.Generator().manual_seed(0)) - 1
    together = TaskEnvironment(mixed, make_worlds)
    first, steps = together.reset(), play(together, actions)
    assert (together.num_worlds, together.observation_size, together.action_size) == (len(mixed), 39, 4)
    for world, task in enumerate(mixed):
        alone = TaskEnvironment([task], make_worlds)
        assert torch.equal(first[world], alone.reset()[0])
        assert torch.equal(steps[world], play(alone, actions[[world]])[0])


def test_worlds_can_be_given_other_tasks_of_their_families(mixed: list[Task]) -> None:
    environment = TaskEnvironment(mixed, make_worlds)
    others = [mixed[3], mixed[4], mixed[1], mixed[0], mixed[2]]
    observations = environment.reset(others)
    assert torch.equal(observations, TaskEnvironment(others, make_worlds).reset())
    assert torch.equal(observations, environment.reset()), "without tasks, the last ones are repeated"
    with pytest.raises(ValueError, match="made for tasks of other families"):
        environment.reset(mixed[::-1])


def test_warnings_and_failures_are_those_of_each_world(mixed: list[Task]) -> None:
    class Failing(NavigationWorlds):
        def __init__(self, family: str | None, count: int) -> None:
            super().__init__(count, HORIZON)
            self.family = family

        def warnings(self) -> dict[str, torch.Tensor]:
            return {str(self.family): torch.arange(1, self.num_worlds + 1, dtype=torch.int32)}

        def unstable(self) -> torch.Tensor:
            return torch.full((self.num_worlds,), self.family == "push-v3")

    environment = TaskEnvironment(mixed, Failing)
    warnings = {name: counts.tolist() for name, counts in environment.warnings().items()}
    assert warnings == {"reach-v3": [1, 0, 0, 2, 0], "push-v3": [0, 1, 2, 0, 3]}
    assert environment.unstable().tolist() == [False, True, True, False, True]


def test_families_that_do_not_fit_together_are_refused(mixed: list[Task]) -> None:
    with pytest.raises(ValueError, match=r"'push-v3' and 'reach-v3' cannot be in one .*\(2, 2, 8\) and \(2, 2, 5\)"):
        TaskEnvironment(
            mixed, lambda family, count: NavigationWorlds(count, HORIZON if family == "reach-v3" else HORIZON + 3)
        )
    with pytest.raises(ValueError, match="at least one task"):
        TaskEnvironment([], make_worlds)
