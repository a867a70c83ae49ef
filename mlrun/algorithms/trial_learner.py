"""What algorithms have in common that learn from whole trials and adapt by their memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mlrun.algorithms.gradient_based import mean_scores
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import TrialAlgorithmConfig
from mlrun.config.schema import EpisodicExperiment
from mlrun.learner import AdaptedLearner, expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rl.advantages import Sharpening, generalized_advantages
from mlrun.rl.reward_inputs import RewardInputs
from mlrun.rl.trials import Trial
from mlrun.task_group import TaskGroup


class TrialLearner:
    """Learns from trials: rows of episodes of one task, between which a memory is kept.

    Advantages run through the whole trial, since what an early episode finds out pays in later ones. The time limit at
    the end of the trial is bootstrapped with the value function.

    Only the memory adapts: an adaptation step is one more episode.

    Attributes:
        config: the section of the experiment. It has a `trial`.
        parameters: of the policy, for all tasks.
    """

    def __init__(self, config: Any) -> None:
        self.config = config
        self.parameters: Parameters = {}

    @property
    def adaptation_steps(self) -> int:
        """The episodes of a trial before its last one."""
        return self.config.adaptation_steps

    def adapt(
        self, problem: EpisodicProblem, tasks: Sequence[Task], key: RandomKey, steps: int
    ) -> list[AdaptedLearner]:
        """The learner after 0, 1, ... ``steps`` episodes.

        They are played with action noise, as in training. It is a part of how the policy explores.
        """
        parameters = expand_to_tasks(self.parameters, len(tasks))
        adapted = [AdaptedLearner(parameters, problem.policy.initial_memory(parameters, problem.data_per_task))]
        for step in range(steps):
            episode = problem.collect(adapted[-1], tasks, key.child(f"episode/{step}"))
            adapted.append(AdaptedLearner(parameters, episode.memory, step + 1))
        return adapted

    def play(self, problem: EpisodicProblem, tasks: Sequence[Task], key: RandomKey) -> tuple[Trial, dict[str, float]]:
        """Trials of every task for one update, and the scores of their first and last episodes as metrics.

        With varied noise, some of them have little of it. PPO takes their actions for draws from the whole
        distribution: they still tell which way the mean should move.
        """
        begins = self.config.outer.varied_noise_from
        varied = begins is not None and key.iteration >= begins
        noise = key.child("noise").uniform(len(tasks), (1,))[:, 0] if varied else None
        learner = AdaptedLearner(expand_to_tasks(self.parameters, len(tasks)), noise=noise)
        trial = problem.run_trial(learner, tasks, self.config.trial.episodes, key)
        first, last = (
            mean_scores(moment, problem, trial.episodes[number]) for moment, number in (("pre", 0), ("post", -1))
        )
        return trial, {**first, **last}


def reward_inputs(experiment: EpisodicExperiment) -> RewardInputs:
    """The forms in which a memory sees rewards: those that training learns from, beside the rewards themselves."""
    section, sharpening = experiment.algorithm, experiment.rollouts.sharpening
    assert isinstance(section, TrialAlgorithmConfig)
    return RewardInputs(
        scale=section.reward_scale,
        sharpening=sharpening and Sharpening(sharpening.maximum, sharpening.offset),
        changes=section.reward_changes,
    )


def trial_advantages(problem: EpisodicProblem, trial: Trial, values: torch.Tensor) -> torch.Tensor:
    """Advantages of all steps, ``(tasks, steps, trials)``, not standardised.

    Args:
        problem: has discount and λ, and the rewards to learn from.
        trial: with the rewards.
        values: before each step and after the last one, ``(tasks, steps + 1, trials)``.
    """
    rewards, after = problem.learning_rewards(trial.rewards), values[:, -1]
    terminated = torch.zeros_like(after, dtype=torch.bool)
    return generalized_advantages(rewards, values[:, :-1], after, terminated, problem.discount, problem.gae_lambda)


def standardised(advantages: torch.Tensor, group: TaskGroup) -> torch.Tensor:
    """Advantages with mean 0 and standard deviation 1 over all tasks."""
    centred = advantages - group.mean(advantages.mean((1, 2)))
    return centred / (group.mean(centred.square().mean((1, 2))).sqrt() + 1e-8)


def explained_variance(advantages: torch.Tensor, values: torch.Tensor, group: TaskGroup) -> float:
    """The part of the variance of the value's targets that the values explain: 1 at best."""
    targets = advantages + values
    variance = group.mean((targets - group.mean(targets.mean((1, 2)))).square().mean((1, 2)))
    return 1 - float(group.mean(advantages.square().mean((1, 2))) / variance.clamp_min(1e-12))
