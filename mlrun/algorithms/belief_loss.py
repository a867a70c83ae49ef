"""What trains a belief over the task: the rewards of trials, or the goals themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import torch

from mlrun.benchmarks.protocol import EpisodicBenchmark
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import BeliefConfig
from mlrun.finite import require_finite_tasks
from mlrun.learner import expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.belief import BeliefPolicy, Transitions
from mlrun.task_group import TaskGroup

_MOMENTS: Final = 6  # in each trial, at which its belief is trained in a step
_PREDICTED: Final = 32  # transitions of each trial whose rewards are predicted in a step
_LEAST_NOISE: Final = 0.02  # standard deviation of scaled rewards
_ANSWER_NOISE: Final = 0.15  # on codes, so that nearby codes mean nearby goals, and on what beliefs have to predict
_STEP: Final = 0.3  # by which codes of trials move towards what explains their rewards, in each pass
_LEAST_GRADIENT: Final = 1e-3  # below which they move less
_LARGEST_CODE: Final = 2.8  # of a trial, since beliefs are below 3


@dataclass(frozen=True)
class BeliefLoss:
    """The loss of beliefs at random moments of trials. It is a function of the parameters that infer and predict.

    `config.predicts` says what the belief is trained by:

    - "rewards": every trial has a code of its own. It starts from the belief at the trial's end and then follows the
      gradient of how well it explains the trial's rewards. The decoder learns to predict the rewards from the codes,
      and the belief at any moment learns to predict the code. It needs nothing but what the policy sees. Unlike in
      Zintgraf et al. (2020), no belief is sampled and none has to stay near a prior: beliefs lost the task that way.
    - "task": the belief has to predict the goal (Humplik et al. 2019), which is privileged information.

    Attributes:
        policy: infers and predicts.
        config: the section of the experiment.
        parameters: all parameters; those that are not trained here are constant.
        transitions: of all trials, ``(steps, trials, ...)``.
        trials: the number of tasks, and of trials of each task.
        goals: for "task", what the belief has to predict of each task, as `scaled_goals` gives it.
        codes: for "rewards", the codes of the trials of all processes, ``(trials, latent)``.
        reward_limits: the least and the largest of the scaled rewards of all processes, ``(reward_size,)`` each.
    """

    policy: BeliefPolicy
    config: BeliefConfig
    parameters: Parameters
    transitions: Transitions
    trials: tuple[int, int]
    goals: torch.Tensor
    codes: torch.Tensor
    reward_limits: tuple[torch.Tensor, torch.Tensor]

    def __call__(self, trained: Parameters, chosen: torch.Tensor, key: RandomKey) -> torch.Tensor:
        """The losses of some trials, ``(chosen,)``."""
        parameters = expand_to_tasks({**self.parameters, **trained}, 1)
        some = Transitions(*(part[:, chosen] for part in self.transitions))
        if self.config.predicts == "task":
            goals = self.goals.to(some.time)[chosen // self.trials[1]]
            return self._surprise_at(goals, parameters, self._evidence(parameters, some), chosen, key)
        codes = self.codes[key.first_slot * self.trials[1] + chosen]
        told, told_codes = self._imagine(parameters, some, codes, chosen, key.child("imagined"))
        return self._surprise_at_rewards(codes, parameters, some, chosen, key) + self._surprise_at(
            told_codes, parameters, self._evidence(parameters, told), chosen, key
        )

    def explaining(self, parameters: Parameters, key: RandomKey, group: TaskGroup) -> Self:
        """The same loss with codes of trials that explain their rewards a little better.

        Codes keep mean 0 and standard deviation 1 over all trials. Otherwise they would shrink, since beliefs predict
        less than what there is.

        Raises:
            NotFiniteError: a code is not finite.
        """
        tasks, trials = self.trials
        own = self.codes[key.first_slot * trials :][: tasks * trials].detach().requires_grad_()
        constant = expand_to_tasks({name: tensor.detach() for name, tensor in parameters.items()}, 1)
        everyone = torch.arange(len(own), device=own.device)
        surprise = self._surprise_at_rewards(own, constant, self.transitions, everyone, key)
        (gradient,) = torch.autograd.grad(surprise.sum(), own)
        moved = own.detach() - _STEP * gradient / (gradient.square().mean(-1, keepdim=True).sqrt() + _LEAST_GRADIENT)
        require_finite_tasks("a code", moved.unflatten(0, self.trials))
        codes = group.gather(moved.unflatten(0, self.trials)).flatten(0, 1)
        codes = (codes - codes.mean(0)) / (codes.std(0, correction=0) + 1e-6)
        return replace(self, codes=codes.clamp(-_LARGEST_CODE, _LARGEST_CODE))

    @torch.no_grad()
    def _imagine(
        self, parameters: Parameters, some: Transitions, own: torch.Tensor, chosen: torch.Tensor, key: RandomKey
    ) -> tuple[Transitions, torch.Tensor]:
        """Some trials as if their codes lay between two codes, or a little beyond: other rewards and codes.

        The belief then has to infer goals that are not in the training list, from predicted rewards.
        """
        if not self.config.imagined or key.iteration < self.config.imagined_from:
            return some, own
        drawn = key.uniform(self.trials[0], (self.trials[1], 4)).flatten(0, 1).to(own)[chosen]
        ends = (drawn[:, :2] * len(self.codes)).long().clamp(max=len(self.codes) - 1)
        one, other = self.codes[ends].unbind(1)
        between = one + (1.4 * drawn[:, 2:3] - 0.2) * (other - one)
        predicted = self.policy.predicted_rewards(parameters, some, between.expand(len(some.time), *between.shape))
        predicted = predicted.clamp(*self.reward_limits) * some.happened.unsqueeze(-1)
        replaced = (drawn[:, 3] < self.config.imagined).unsqueeze(-1)
        rewards = torch.where(replaced, predicted, some.rewards)
        before = torch.cat((torch.zeros_like(rewards[:1]), rewards[:-1]))
        told = some._replace(rewards=rewards, gains=self.policy.gains(before, rewards, some.time))
        return told, torch.where(replaced, between, own)

    def _evidence(self, parameters: Parameters, some: Transitions) -> torch.Tensor:
        """The sums of the evidence of the first 0, 1, ... transitions, ``(steps + 1, trials, ...)``."""
        evidence = self.policy.evidence(parameters, some).cumsum(0)
        return torch.cat((torch.zeros_like(evidence[:1]), evidence))

    def _surprise_at(
        self,
        answers: torch.Tensor,
        parameters: Parameters,
        evidence: torch.Tensor,
        chosen: torch.Tensor,
        key: RandomKey,
    ) -> torch.Tensor:
        """Mean negative log-density of answers ``(trials, latent)`` under beliefs at random moments, ``(trials,)``."""
        moments = self._moments(key.child("moments"), _MOMENTS, chosen)
        belief = self.policy.belief(parameters, _at(evidence, moments))
        noise = _ANSWER_NOISE * self._noise(key.child("answers"), chosen).to(answers)
        error = (answers + noise - belief.mean) / belief.std
        return (0.5 * error.square() + belief.std.log()).sum(-1).mean(0)

    def _surprise_at_rewards(
        self, code: torch.Tensor, parameters: Parameters, some: Transitions, chosen: torch.Tensor, key: RandomKey
    ) -> torch.Tensor:
        """Mean negative log-density of rewards at random steps, given codes ``(trials, latent)``, ``(trials,)``."""
        steps = self._moments(key.child("steps"), _PREDICTED, chosen)
        seen = Transitions(*(_at(part, steps) for part in some))
        noisy = code + _ANSWER_NOISE * self._noise(key.child("codes"), chosen).to(code)
        predicted = self.policy.predicted_rewards(parameters, seen, noisy.expand(_PREDICTED, *code.shape))
        spread = _LEAST_NOISE + parameters["belief.log_noise"][0].exp()
        surprise = (0.5 * ((seen.rewards - predicted) / spread).square() + spread.log()).sum(-1)
        return (surprise * seen.happened).mean(0)

    def _moments(self, key: RandomKey, number: int, chosen: torch.Tensor) -> torch.Tensor:
        """Random steps of the chosen trials, ``(number, chosen)``."""
        steps = len(self.transitions.time)
        drawn = (key.uniform(self.trials[0], (self.trials[1], number)) * steps).long().clamp(max=steps - 1)
        return drawn.flatten(0, 1).to(chosen.device)[chosen].transpose(0, 1)

    def _noise(self, key: RandomKey, chosen: torch.Tensor) -> torch.Tensor:
        """Standard normal numbers for the chosen trials, ``(chosen, latent)``."""
        drawn = key.normal(self.trials[0], (self.trials[1], self.policy.latent_size))
        return drawn.flatten(0, 1).to(chosen.device)[chosen]


def latent_size(config: BeliefConfig, benchmark: EpisodicBenchmark) -> int:
    """The number of components of the belief."""
    return config.latent_size if config.predicts == "rewards" else scaled_goals(benchmark, []).shape[1]


def scaled_goals(benchmark: EpisodicBenchmark, tasks: Sequence[Task]) -> torch.Tensor:
    """The goals of tasks, ``(tasks, numbers)``: those numbers that vary, with mean 0 and deviation 1 over training."""
    known = benchmark.hidden(benchmark.train_tasks)
    varies = (known != known[0]).any(0)
    goals = benchmark.hidden(tasks) if tasks else known[:0]
    return (goals[:, varies] - known[:, varies].mean(0)) / known[:, varies].std(0)


def is_trained(name: str, config: BeliefConfig) -> bool:
    """Whether a parameter has a part in the loss."""
    predicts_rewards = name.startswith(("belief.decoder.", "belief.log_noise"))
    return name.startswith("belief.") and not (predicts_rewards and config.predicts == "task")


def _at(values: torch.Tensor, moments: torch.Tensor) -> torch.Tensor:
    """The values ``(steps, trials, ...)`` of each trial at moments ``(number, trials)``, ``(number, trials, ...)``."""
    return values[moments, torch.arange(moments.shape[1], device=moments.device)]
