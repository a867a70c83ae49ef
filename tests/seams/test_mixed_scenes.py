"""Tasks of several families, in two scenes, make one batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from mlrun.algorithms.maml import MAML
from mlrun.benchmarks.environment import TaskEnvironment
from mlrun.benchmarks.metaworld.family import TaskFamily, load_family
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.benchmarks.task import Task, stack_parameters
from mlrun.config.algorithms import MAMLConfig
from mlrun.problems.reinforcement_learning import ReinforcementLearning
from mlrun.randomness import RandomKey
from mlrun.rl.policy import GaussianMLPPolicy
from mlrun.simulation.backends import Backend, make_physics
from mlrun.simulation.tabletop import SAWYER_AND_PUCK
from tests.point_benchmark import PointWorlds
from tests.seams.toy_scene import RAIL, Roll

HORIZON = 12


class MixedBenchmark:
    """Push and reach with the Sawyer, and rolling a ball."""

    name = "mixed"
    observation_size, action_size, horizon = 39, 4, HORIZON
    ranked_by = ("return",)

    def __init__(self) -> None:
        self.families: dict[str, TaskFamily] = {
            "push-v3": load_family("push-v3"),
            "roll": Roll(),
            "reach-v3": load_family("reach-v3"),
        }
        self.train_tasks, self.test_tasks = self._tasks(0, "train"), self._tasks(1, "test")
        self.made: list[tuple[str | None, int]] = []
        self.worlds: list[ManipulationWorlds] = []

    def _tasks(self, seed: int, split: str) -> list[Task]:
        random, tasks = np.random.RandomState(seed), []
        for index in range(6):
            name = [*self.families][index % 3]
            family = self.families[name]
            numbers = tuple(random.uniform(family.parameters_low, family.parameters_high).tolist())
            tasks.append(Task(index, "train" if split == "train" else "test", numbers, name))
        return tasks

    def hidden(self, tasks: Sequence[Task]) -> torch.Tensor:
        return stack_parameters(tasks)[:, 3:]

    def draw_tasks(self, count: int, generator: np.random.Generator) -> list[Task]:
        return [self.train_tasks[index] for index in generator.permutation(len(self.train_tasks))[:count]]

    def make_worlds(
        self, num_worlds: int, num_threads: int = 0, physics: Backend = "cpu", *, family: str | None = None
    ) -> ManipulationWorlds:
        assert family is not None
        self.made.append((family, num_worlds))
        engine = make_physics(self.families[family].scene, physics, num_worlds, num_threads)
        self.worlds.append(ManipulationWorlds(self.families[family], engine, HORIZON))
        return self.worlds[-1]

    def reference_scores(self, tasks: Sequence[Task], num_threads: int = 0) -> dict[str, dict[str, float]]:
        return {}


@pytest.fixture
def mixed() -> MixedBenchmark:
    return MixedBenchmark()


def environment_for(mixed: MixedBenchmark, tasks: Sequence[Task]) -> TaskEnvironment:
    return TaskEnvironment(tasks, lambda family, count: mixed.make_worlds(count, 1, family=family))


def play(environment: TaskEnvironment, tasks: Sequence[Task], actions: torch.Tensor) -> torch.Tensor:
    """Observations, rewards and successes, (worlds, steps, 41); actions are (worlds, steps, 4)."""
    first = environment.reset(tasks)
    assert first.shape == (len(tasks), 39)
    steps = [environment.step(action) for action in actions.unbind(1)]
    parts = [(step.observation, step.reward[:, None], step.success[:, None].double()) for step in steps]
    return torch.stack([torch.cat(part, 1) for part in parts], 1)


@pytest.fixture
def actions() -> torch.Tensor:
    return 2 * torch.rand(6, HORIZON, 4, generator=torch.Generator().manual_seed(0)) - 1


def test_a_world_moves_beside_other_scenes_as_it_does_alone(mixed: MixedBenchmark, actions: torch.Tensor) -> None:
    tasks = mixed.train_tasks
    together = play(environment_for(mixed, tasks), tasks, actions)
    for slot, task in enumerate(tasks):
        alone = play(environment_for(mixed, [task]), [task], actions[slot : slot + 1])
        assert torch.equal(together[slot], alone[0]), task


def test_each_family_has_one_batch_of_worlds_in_its_own_scene(mixed: MixedBenchmark) -> None:
    environment = environment_for(mixed, mixed.train_tasks)
    assert mixed.made == [("push-v3", 2), ("roll", 2), ("reach-v3", 2)]
    assert [worlds.physics.scene for worlds in mixed.worlds] == [SAWYER_AND_PUCK, RAIL, SAWYER_AND_PUCK]
    assert not environment.unstable().any()
    assert all(counts.shape == (6,) for counts in environment.warnings().values())


def test_the_ball_is_pushed_where_the_hand_goes(mixed: MixedBenchmark) -> None:
    """The toy scene is really simulated."""
    task = next(task for task in mixed.train_tasks if task.family == "roll")
    forwards = torch.zeros(1, HORIZON, 4)
    forwards[..., 1] = 1.0
    moved = play(environment_for(mixed, [task]), [task], forwards)
    assert moved[0, -1, 4] > moved[0, 0, 4] + 0.01


def test_other_tasks_of_the_same_families_can_follow(mixed: MixedBenchmark, actions: torch.Tensor) -> None:
    environment = environment_for(mixed, mixed.train_tasks)
    play(environment, mixed.train_tasks, actions)
    again = play(environment, mixed.test_tasks, actions)
    assert torch.equal(again, play(environment_for(mixed, mixed.test_tasks), mixed.test_tasks, actions))
    with pytest.raises(ValueError, match="roll has no reward v1"):
        Roll("v1").reward_function(stack_parameters(mixed.train_tasks[1:2]))
    with pytest.raises(ValueError, match="made for tasks of other families"):
        environment.reset(mixed.train_tasks[::-1])


def test_sizes_that_differ_are_refused() -> None:
    tasks = [Task(0, "train", (0.0, 0.0), "small"), Task(1, "train", (0.0, 0.0), "long")]
    with pytest.raises(ValueError, match=r"cannot be in one batch: .* are \(3, 2, 9\) and \(3, 2, 5\)"):
        TaskEnvironment(tasks, lambda family, count: PointWorlds(count, 5 if family == "small" else 9))
    with pytest.raises(ValueError, match="at least one task"):
        TaskEnvironment([], lambda family, count: PointWorlds(count, 5))


def test_an_algorithm_learns_on_a_mixed_batch(mixed: MixedBenchmark, key: RandomKey) -> None:
    policy = GaussianMLPPolicy(39, 4, (8,), initial_std=0.5, min_std=0.1)
    problem = ReinforcementLearning(mixed, policy, episodes_per_task=2, discount=0.9, gae_lambda=0.9, num_threads=1)
    maml = MAML(MAMLConfig())
    maml.initialise(problem, key)
    metrics = maml.update(problem, mixed.train_tasks[:4], key)
    assert np.isfinite(list(metrics.values())).all()
    made = len(mixed.made)
    maml.update(problem, mixed.train_tasks[3:4] + mixed.train_tasks[1:4], key)
    assert len(mixed.made) == made, "worlds are used again, in whatever order the families come"
    for count in range(1, 7):
        maml.update(problem, mixed.train_tasks[1:2] * count, key)
    assert len(problem._worlds["roll"]) == 4, "no more are kept, however many numbers of worlds there were"
    scores = problem.evaluate(maml.adapt(problem, mixed.test_tasks, key, 1)[-1], mixed.test_tasks, key)
    assert scores["return"].shape == (6,)
    assert stack_parameters(mixed.test_tasks[::3]).shape == (2, 6)
