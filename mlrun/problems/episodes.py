"""Episodes of a benchmark's tasks, collected and scored with any policy."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

import torch

from mlrun.benchmarks.environment import TaskEnvironment
from mlrun.benchmarks.protocol import EpisodicBenchmark, Worlds
from mlrun.benchmarks.task import Task
from mlrun.finite import NotFiniteError
from mlrun.learner import AdaptedLearner
from mlrun.parameters import Parameters
from mlrun.problems.protocol import CollectionCost
from mlrun.randomness import RandomKey
from mlrun.rl.advantages import Sharpening
from mlrun.rl.policy import Policy, WithoutRewards
from mlrun.rl.trajectories import Trajectories, collect_trajectories
from mlrun.rl.trials import Trial
from mlrun.task_group import TaskGroup

_KEPT_PER_FAMILY: Final = 4  # a problem of one family needs two or three: a meta-batch's, and the evaluation's


class EpisodicProblem:
    """Sampling and scoring of episodes, with any policy, with or without a memory.

    A learner with a memory plays one episode in each world that it has a memory for. The data holds the memory at the
    end of the episodes. The learner's next episodes start with it.

    Args:
        benchmark: gives tasks and worlds.
        policy: acts for all learners.
        episodes_per_task: episodes of each task in one collection, for a learner without a memory.
        discount: factor on rewards per step.
        gae_lambda: λ of generalised advantage estimation.
        sharpening: transformation of rewards for learning. Scores are those of the rewards themselves.
        num_threads: threads that step the physics on the CPU; 0 means one per core.
        device: where parameters and data live.
        physics: the engine that simulates the worlds.
        group: what combines the tasks of a batch; None if this process has all of them.
    """

    def __init__(
        self,
        benchmark: EpisodicBenchmark,
        policy: Policy,
        *,
        episodes_per_task: int,
        discount: float = 0.99,
        gae_lambda: float = 0.97,
        sharpening: Sharpening | None = None,
        num_threads: int = 0,
        device: str = "cpu",
        physics: Literal["cpu", "warp"] = "cpu",
        group: TaskGroup | None = None,
    ) -> None:
        self.benchmark = benchmark
        self.policy: Policy = policy
        self.data_per_task = episodes_per_task
        self.discount = discount
        self.gae_lambda = gae_lambda
        self.sharpening = sharpening
        self.num_threads = num_threads
        self.device = device
        self.physics: Literal["cpu", "warp"] = physics
        self.group = group or TaskGroup()
        self.cost = CollectionCost("env_steps")
        self._worlds: dict[str | None, dict[int, Worlds]] = {}

    def initial_parameters(self, key: RandomKey) -> Parameters:
        """Fresh policy weights, centred on the mean first observation of the training tasks."""
        starts = TaskEnvironment(
            self.benchmark.train_tasks, lambda family, count: self._make_worlds(family, count, "cpu")
        ).reset()
        fresh = self.policy.initial_parameters(key, center=starts.mean(0))
        return {name: tensor.to(self.device) for name, tensor in fresh.items()}

    def without_rewards(self) -> EpisodicProblem:
        """The same problem for a policy that sees zeros in the place of rewards. Its scores are unchanged."""
        blind = copy.copy(self)
        blind.policy = WithoutRewards(self.policy)
        return blind

    def learning_rewards(self, rewards: torch.Tensor) -> torch.Tensor:
        """The rewards that algorithms learn from, of the same shape."""
        return rewards if self.sharpening is None else self.sharpening(rewards)

    def collect(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> Any:
        """Sample episodes of every task. Returns `Trajectories`, or what a subclass makes of them."""
        return self.run(learner, tasks, learner.worlds or self.data_per_task, key)

    def summarise(self, data: Any) -> dict[str, torch.Tensor]:
        """Scores of the collected episodes, averaged over each task's episodes."""
        return _scores(data)

    def evaluate(self, learner: AdaptedLearner, tasks: Sequence[Task], key: RandomKey) -> dict[str, torch.Tensor]:
        """Scores of the mean actions. They are not random, so one episode per task is enough."""
        return _scores(self.run(learner, tasks, learner.worlds or 1, None))

    def rank(self, scores: Mapping[str, float]) -> list[float]:
        """The scores that the benchmark ranks policies by."""
        return [scores[name] for name in self.benchmark.ranked_by]

    def run(self, learner: AdaptedLearner, tasks: Sequence[Task], episodes: int, key: RandomKey | None) -> Trajectories:
        """Play episodes of every task.

        Args:
            learner: has parameters for each of the tasks.
            tasks: the tasks to play.
            episodes: number of episodes of each task. All are played at the same time.
            key: for the action noise; None acts on the mean.

        Raises:
            NotFiniteError: an action is not finite, or a simulation has failed.
        """
        # Worlds are made before the clock runs: on a GPU the first ones compile.
        environment = TaskEnvironment([task for task in tasks for _ in range(episodes)], self._kept_worlds)
        started = time.perf_counter()
        trajectories = collect_trajectories(self.policy, learner, environment, tasks, key)
        self.cost.samples += environment.num_worlds * environment.horizon
        self.cost.seconds += time.perf_counter() - started
        self.cost.warnings.update({name: int(counts.sum()) for name, counts in environment.warnings().items()})
        unstable = environment.unstable().view(len(tasks), episodes).any(1)
        if unstable.any():
            raise NotFiniteError("the simulation", int(unstable.nonzero()[0]))
        return trajectories

    def run_trial(self, learner: AdaptedLearner, tasks: Sequence[Task], episodes: int, key: RandomKey) -> Trial:
        """Play consecutive episodes of every task, with action noise. The learner keeps its memory between them.

        A learner without a memory yet plays ``data_per_task`` trials of each task at the same time.

        Raises:
            NotFiniteError: an action is not finite, or a simulation has failed.
        """
        played: list[Trajectories] = []
        for number in range(episodes):
            worlds = learner.worlds or self.data_per_task
            played.append(self.run(learner, tasks, worlds, key.child(f"episode/{number}")))
            learner = replace(learner, memory=played[-1].memory)
        return Trial(played)

    def _kept_worlds(self, family: str | None, count: int) -> Worlds:
        """Worlds that earlier episodes have used, or new ones. Nothing of an episode survives a reset.

        Of each family a few numbers of worlds are kept. With random batches over many families there would be no end
        to them.
        """
        kept = self._worlds.setdefault(family, {})
        worlds = kept.pop(count, None) or self._make_worlds(family, count, self.physics)
        kept[count] = worlds  # the last one now
        for oldest in list(kept)[:-_KEPT_PER_FAMILY]:
            del kept[oldest]
        return worlds

    def _make_worlds(self, family: str | None, count: int, physics: Literal["cpu", "warp"]) -> Worlds:
        return self.benchmark.make_worlds(count, self.num_threads, physics, family=family)


def _scores(episodes: Trajectories) -> dict[str, torch.Tensor]:
    """Return, any-step and last-step success, and the first successful step (the horizon if there is none)."""
    successes = episodes.successes
    horizon = successes.shape[1]
    ever = successes.any(1)
    first = torch.where(ever, successes.to(torch.uint8).argmax(1) + 1, horizon)
    return {
        "return": episodes.rewards.sum(1).mean(1),
        "success_any": ever.to(episodes.rewards).mean(1),
        "success_last": successes[:, -1].to(episodes.rewards).mean(1),
        "time_to_success": first.to(episodes.rewards).mean(1),
    }
