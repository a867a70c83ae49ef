"""What trains a belief over the task: rewards, learned codes of the training goals, or the goals themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import torch

from mlrun.benchmarks.protocol import EpisodicBenchmark
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import BeliefConfig
from mlrun.learner import expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.belief import Belief, BeliefPolicy, Transitions

CODES: Final = "belief.codes"

_MOMENTS: Final = 6  # in each trial, at which its belief is trained in a step
_PREDICTED: Final = 32  # transitions of each trial whose rewards are predicted in a step
_LEAST_NOISE: Final = 0.02  # standard deviation of scaled rewards
_CODE_SCALE: Final = 10.0  # codes move this much faster than other parameters
_CODE_NOISE: Final = 0.15  # so that nearby codes mean nearby goals
_CODE_DECAY: Final = 0.01


@dataclass(frozen=True)
class BeliefLoss:
    """The loss of beliefs at random moments of trials. It is a function of the parameters that infer and predict.

    `config.predicts` says what the belief is trained by:

    - "rewards": a sample of the belief has to predict the rewards of the trial's transitions, before and after that
      moment (Zintgraf et al. 2020). It needs nothing but what the policy itself sees.
    - "codes": every training goal has a code, which is learned too. The code has to predict the rewards of all tasks
      with this goal, and the belief has to predict the code. It needs to know which tasks have the same goal, but not
      where the goal is.
    - "task": the belief has to predict the goal (Humplik et al. 2019), which is privileged information.

    Attributes:
        policy: infers and predicts.
        config: the section of the experiment.
        parameters: all parameters; those that are not trained here are constant.
        transitions: of all trials, ``(steps, trials, ...)``.
        trials: the number of tasks, and of trials of each task.
        answers: what the belief has to predict of each task, as `belief_answers` gives it.
        key: for what is drawn at random.
    """

    policy: BeliefPolicy
    config: BeliefConfig
    parameters: Parameters
    transitions: Transitions
    trials: tuple[int, int]
    answers: torch.Tensor
    key: RandomKey
    _calls: count[int] = field(default_factory=count)

    def __call__(self, trained: Parameters, chosen: torch.Tensor) -> torch.Tensor:
        """The losses of some trials, ``(chosen,)``."""
        key = self.key.child(f"step/{next(self._calls)}")
        parameters = expand_to_tasks({**self.parameters, **trained}, 1)
        some = Transitions(*(part[:, chosen] for part in self.transitions))
        evidence = self.policy.evidence(parameters, some).cumsum(0)
        evidence = torch.cat((torch.zeros_like(evidence[:1]), evidence))
        belief = self.policy.belief(parameters, _at(evidence, self._moments(key.child("moments"), _MOMENTS, chosen)))
        answers = self.answers.to(chosen.device)[chosen // self.trials[1]]
        if self.config.predicts == "task":
            return _surprise(belief, answers.to(evidence)).mean(0)
        steps = self._moments(key.child("steps"), _PREDICTED, chosen)
        seen = Transitions(*(_at(part, steps) for part in some))
        if self.config.predicts == "codes":
            noise = _CODE_NOISE * self._noise(key.child("code"), 2, chosen).to(evidence)
            codes = _CODE_SCALE * parameters[CODES][0]
            code = codes[answers] + noise[0]
            standard = (codes - codes.mean(0)) / (codes.std(0) + 1e-6)
            return (
                self._surprise_at_rewards(parameters, seen, code.expand(_PREDICTED, *code.shape))
                + _CODE_DECAY * 0.5 * code.square().sum(-1)
                + _surprise(belief, (standard[answers] + noise[1]).detach()).mean(0)
            )
        latent = belief.mean + belief.log_std.exp() * self._noise(key.child("latent"), _MOMENTS, chosen).to(evidence)
        each = Transitions(*(part.expand(_MOMENTS, *part.shape) for part in seen))
        surprise = self._surprise_at_rewards(parameters, each, latent.unsqueeze(1).expand(-1, _PREDICTED, -1, -1))
        kl = 0.5 * (belief.mean.square() + (2 * belief.log_std).exp() - 1) - belief.log_std
        return surprise.mean(0) + self.config.kl_coefficient * kl.sum(-1).mean(0)

    def _surprise_at_rewards(self, parameters: Parameters, seen: Transitions, latent: torch.Tensor) -> torch.Tensor:
        """Mean negative log-density of rewards ``(..., predicted, trials, forms)``, ``(..., trials)``."""
        predicted = self.policy.predicted_rewards(parameters, seen, latent)
        spread = _LEAST_NOISE + parameters["belief.log_noise"][0].exp()
        surprise = (0.5 * ((seen.rewards - predicted) / spread).square() + spread.log()).sum(-1)
        return (surprise * seen.happened).mean(-2)

    def _moments(self, key: RandomKey, number: int, chosen: torch.Tensor) -> torch.Tensor:
        """Random steps of the chosen trials, ``(number, chosen)``."""
        steps = len(self.transitions.time)
        drawn = (key.uniform(self.trials[0], (self.trials[1], number)) * steps).long().clamp(max=steps - 1)
        return drawn.flatten(0, 1).to(chosen.device)[chosen].transpose(0, 1)

    def _noise(self, key: RandomKey, number: int, chosen: torch.Tensor) -> torch.Tensor:
        """Standard normal numbers for the chosen trials, ``(number, chosen, latent)``."""
        drawn = key.normal(self.trials[0], (self.trials[1], number, self.policy.latent_size))
        return drawn.flatten(0, 1).to(chosen.device)[chosen].transpose(0, 1)


def latent_size(config: BeliefConfig, benchmark: EpisodicBenchmark) -> int:
    """The number of components of the belief."""
    return belief_answers(config, benchmark, []).shape[1] if config.predicts == "task" else config.latent_size


def belief_answers(config: BeliefConfig, benchmark: EpisodicBenchmark, tasks: Sequence[Task]) -> torch.Tensor:
    """What the belief has to predict of each task, besides rewards.

    Returns:
        For "task", the goals ``(tasks, numbers)``: those numbers that vary, with mean 0 and standard deviation 1 over
        the training tasks. For "codes", the number of each task's code, ``(tasks,)``. For "rewards", zeros.

    Raises:
        ValueError: a task has a goal that no training task has, so that it has no code.
    """
    if config.predicts == "rewards":
        return torch.zeros(len(tasks), dtype=torch.int64)
    known = benchmark.hidden(benchmark.train_tasks)
    asked = benchmark.hidden(tasks) if tasks else known[:0]
    if config.predicts == "task":
        varies = (known != known[0]).any(0)
        return (asked[:, varies] - known[:, varies].mean(0)) / known[:, varies].std(0)
    same = (asked[:, None] == known.unique(dim=0)).all(-1)
    if not same.any(1).all():
        raise ValueError("a task has a goal that no training task has: belief.predicts must not be 'codes'")
    return same.int().argmax(1)


def initial_codes(config: BeliefConfig, benchmark: EpisodicBenchmark, key: RandomKey) -> Parameters:
    """Random codes of the training goals, ``(goals, latent_size)``; nothing if codes are not predicted."""
    if config.predicts != "codes":
        return {}
    goals = benchmark.hidden(benchmark.train_tasks).unique(dim=0)
    return {CODES: 0.5 / _CODE_SCALE * torch.randn(len(goals), config.latent_size, generator=key.generator())}


def is_trained(name: str, config: BeliefConfig) -> bool:
    """Whether a parameter has a part in the loss."""
    predicts_rewards = name.startswith(("belief.decoder.", "belief.log_noise"))
    return name.startswith("belief.") and not (predicts_rewards and config.predicts == "task")


def _at(values: torch.Tensor, moments: torch.Tensor) -> torch.Tensor:
    """The values ``(steps, trials, ...)`` of each trial at moments ``(number, trials)``, ``(number, trials, ...)``."""
    return values[moments, torch.arange(moments.shape[1], device=moments.device)]


def _surprise(belief: Belief, answers: torch.Tensor) -> torch.Tensor:
    """Negative log-density of answers ``(trials, latent)``, ``(number, trials)``."""
    return (0.5 * ((answers - belief.mean) / belief.log_std.exp()).square() + belief.log_std).sum(-1)
