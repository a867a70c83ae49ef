"""What trains a belief over the task: rewards, learned codes of the training goals, or the goals themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch

from mlrun.benchmarks.protocol import EpisodicBenchmark
from mlrun.benchmarks.task import Task
from mlrun.config.algorithms import BeliefConfig
from mlrun.learner import expand_to_tasks
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.belief import BeliefPolicy, Transitions

CODES: Final = "belief.codes"

_MOMENTS: Final = 6  # in each trial, at which its belief is trained in a step
_PREDICTED: Final = 32  # transitions of each trial whose rewards are predicted in a step
_LEAST_NOISE: Final = 0.02  # standard deviation of scaled rewards
_CODE_SCALE: Final = 10.0  # codes move this much faster than other parameters
_ANSWER_NOISE: Final = 0.15  # on codes, so that nearby codes mean nearby goals, and on what beliefs have to predict
_CODE_DECAY: Final = 0.003  # weight of a code's square
_EXPLAINS: Final = 100.0  # weight of rewards where the belief itself explains them: there are hundreds in a trial
_IMAGINES_FROM: Final = 30  # the meta-iteration from which on predicted rewards are good enough to learn from


@dataclass(frozen=True)
class BeliefLoss:
    """The loss of beliefs at random moments of trials. It is a function of the parameters that infer and predict.

    `config.predicts` says what the belief is trained by:

    - "rewards": the belief at the end of a trial has to explain the rewards of all its transitions (Zintgraf et al.
      2020), and the belief at any moment has to predict that at the end. It needs nothing but what the policy sees.
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
    """

    policy: BeliefPolicy
    config: BeliefConfig
    parameters: Parameters
    transitions: Transitions
    trials: tuple[int, int]
    answers: torch.Tensor

    def __call__(self, trained: Parameters, chosen: torch.Tensor, key: RandomKey) -> torch.Tensor:
        """The losses of some trials, ``(chosen,)``."""
        parameters = expand_to_tasks({**self.parameters, **trained}, 1)
        some = Transitions(*(part[:, chosen] for part in self.transitions))
        answers = self.answers.to(chosen.device)[chosen // self.trials[1]]
        predicts = {"rewards": self._from_rewards, "codes": self._from_codes, "task": self._from_tasks}
        return predicts[self.config.predicts](parameters, some, answers, chosen, key)

    def _from_tasks(
        self, parameters: Parameters, some: Transitions, answers: torch.Tensor, chosen: torch.Tensor, key: RandomKey
    ) -> torch.Tensor:
        return self._surprise_at(answers.to(some.time), parameters, self._evidence(parameters, some), chosen, key)

    def _from_rewards(
        self, parameters: Parameters, some: Transitions, answers: torch.Tensor, chosen: torch.Tensor, key: RandomKey
    ) -> torch.Tensor:
        """The belief at the end explains the rewards; the belief at any moment predicts the one at the end."""
        evidence = self._evidence(parameters, some)
        last = self.policy.belief(parameters, evidence[-1]).mean
        explained = self._surprise_at_rewards(last, parameters, some, chosen, key)
        return _EXPLAINS * explained + self._surprise_at(last.detach(), parameters, evidence, chosen, key)

    def _from_codes(
        self, parameters: Parameters, some: Transitions, answers: torch.Tensor, chosen: torch.Tensor, key: RandomKey
    ) -> torch.Tensor:
        """The code of the goal explains the rewards, and the belief predicts the code."""
        codes = _CODE_SCALE * parameters[CODES][0]
        explained = self._surprise_at_rewards(codes[answers], parameters, some, chosen, key)
        with torch.no_grad():
            told, code = self._imagine(codes, parameters, some, codes[answers], chosen, key.child("imagined"))
            code = (code - codes.mean(0)) / (codes.std(0) + 1e-6)
        return explained + self._surprise_at(code, parameters, self._evidence(parameters, told), chosen, key)

    def _imagine(
        self,
        codes: torch.Tensor,
        parameters: Parameters,
        some: Transitions,
        own: torch.Tensor,
        chosen: torch.Tensor,
        key: RandomKey,
    ) -> tuple[Transitions, torch.Tensor]:
        """Some trials as if their goals lay between two training goals, or a little beyond: other rewards and codes.

        The belief then has to infer goals that are not in the training list, from predicted rewards.
        """
        if not self.config.imagined or key.iteration < _IMAGINES_FROM:
            return some, own
        drawn = key.uniform(self.trials[0], (self.trials[1], 4)).flatten(0, 1).to(codes)[chosen]
        one, other = (codes[(drawn[:, number] * len(codes)).long().clamp(max=len(codes) - 1)] for number in (0, 1))
        between = one + (1.4 * drawn[:, 2:3] - 0.2) * (other - one)
        predicted = self.policy.predicted_rewards(parameters, some, between.expand(len(some.time), *between.shape))
        limits = self.transitions.rewards.flatten(0, 1).aminmax(dim=0)
        predicted = predicted.clamp(limits.min, limits.max) * some.happened.unsqueeze(-1)
        replaced = (drawn[:, 3] < self.config.imagined).unsqueeze(-1)
        return some._replace(rewards=torch.where(replaced, predicted, some.rewards)), torch.where(
            replaced, between, own
        )

    def _evidence(self, parameters: Parameters, some: Transitions) -> torch.Tensor:
        """The sum of all evidence before each step and after the last one, ``(steps + 1, trials, ...)``."""
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
        return (surprise * seen.happened).mean(0) + _CODE_DECAY * 0.5 * code.square().sum(-1)

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
