"""Value functions of trials, for advantages: linear in features, recurrent, or privileged to see the task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

import torch

from mlrun.algorithms.value_network import ValueNetwork
from mlrun.benchmarks.task import Task, stack_parameters
from mlrun.config.algorithms import PrivilegedValueConfig, RecurrentPPOConfig, RecurrentValueConfig, RL2Config
from mlrun.learner import Memory, expand_to_tasks
from mlrun.networks import MLP
from mlrun.parameters import Parameters
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rl.advantages import discounted_returns
from mlrun.rl.baseline import LinearFeatureBaseline
from mlrun.rl.recurrent import RecurrentNetwork, RecurrentPolicy
from mlrun.rl.trials import Trial, choose, first_memories

_CENTER: Final = "center"


class ValueFunction(ABC):
    """The expected discounted return of a trial from each of its steps on. It is used in training only."""

    def initialise(self, problem: EpisodicProblem, center: torch.Tensor, key: RandomKey) -> None:  # noqa: B027 (it may do nothing)
        """Start from fresh parameters. By default there are none.

        Args:
            problem: whose trials it is for.
            center: ``(features,)``, a typical observation.
            key: for the weights.
        """

    @abstractmethod
    def estimate(self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task]) -> torch.Tensor:
        """Values before each step and after the last one, ``(tasks, steps + 1, trials)``, without a graph."""

    def learn(
        self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task], targets: torch.Tensor, key: RandomKey
    ) -> dict[str, float]:
        """Approach the targets ``(tasks, steps, trials)`` of the last `estimate`. Returns metrics, by default none."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """All that later updates depend on; by default nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:  # noqa: B027 (it may do nothing)
        """Continue from a ``state_dict``."""


class LinearValue(ValueFunction):
    """The linear feature baseline, fitted to the returns of each task's own trials. Time counts through the trial."""

    def estimate(self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task]) -> torch.Tensor:
        """The fit at the trial's own observations."""
        observations, after = trial.inputs.observations, trial.after.observations
        returns = discounted_returns(problem.learning_rewards(trial.rewards), problem.discount)
        baseline = LinearFeatureBaseline.fit(observations, returns)
        steps = observations.shape[1]
        return torch.cat((baseline.predict(observations), baseline.predict(after, first_step=steps)), 1)


class _NetworkValue(ValueFunction):
    """A value function that is a network."""

    def __init__(self, options: RecurrentPPOConfig) -> None:
        self.options = options
        self.trained = ValueNetwork(options)

    def state_dict(self) -> dict[str, Any]:
        """That of the network."""
        return self.trained.state_dict()

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        self.trained.load_state_dict(state, device)


class RecurrentValue(_NetworkValue):
    """A recurrent network of its own, which sees what the policy sees."""

    def __init__(self, options: RecurrentPPOConfig, policy: RecurrentPolicy) -> None:
        super().__init__(options)
        like = policy.network
        self.network = RecurrentNetwork(
            observation_size=like.observation_size,
            action_size=like.action_size,
            output_size=1,
            cell=like.cell,
            memory_size=like.memory_size,
            hidden_sizes=like.hidden_sizes,
            input_scale=like.input_scale,
            rewards=like.rewards,
        )
        self._memories: list[Memory] = []

    def initialise(self, problem: EpisodicProblem, center: torch.Tensor, key: RandomKey) -> None:
        """Start from fresh parameters."""
        fresh = self.network.initial_parameters(key.generator(), center.cpu())
        fresh = {name: tensor.to(problem.device) for name, tensor in fresh.items()}
        self.trained.initialise(fresh, self.network.head, self.network.constants)

    @torch.no_grad()
    def estimate(self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task]) -> torch.Tensor:
        """The network's outputs along the trial."""
        parameters = expand_to_tasks(self.trained.parameters, len(tasks))
        memory = self.network.initial_memory(parameters, worlds=trial.rewards.shape[2])
        self._memories, values = [], []
        for inputs in [*(episode.inputs for episode in trial.episodes), trial.after]:
            self._memories.append(memory)
            outputs, memory = self.network.sequence(parameters, inputs, memory)
            values.append(outputs[..., 0])
        return self.trained.values(torch.cat(values, 1))

    def learn(
        self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task], targets: torch.Tensor, key: RandomKey
    ) -> dict[str, float]:
        """Regression through time, along the same sequences as the policy's."""
        span = self.options.backpropagation
        inputs, memory = trial.sequences_of_inputs(span), first_memories(self._memories, span)

        def outputs(parameters: Parameters, chosen: torch.Tensor) -> torch.Tensor:
            found, _ = self.network.sequence(expand_to_tasks(parameters, 1), *choose(inputs, memory, chosen))
            return found[0, ..., 0]

        return self.trained.learn(targets, lambda values: trial.sequences(values, span)[0], outputs, key, problem.group)


class PrivilegedValue(_NetworkValue):
    """A tanh network that sees the task's parameters, the observation, and the time in the trial, but no history.

    It is privileged: a policy never sees the parameters of its task (Pinto et al. 2018). Only training uses it.
    """

    def __init__(self, options: RecurrentPPOConfig, policy: RecurrentPolicy, hidden_sizes: Sequence[int]) -> None:
        super().__init__(options)
        self.input_scale = policy.network.input_scale
        self.hidden_sizes = tuple(hidden_sizes)

    def initialise(self, problem: EpisodicProblem, center: torch.Tensor, key: RandomKey) -> None:
        """Start from fresh parameters."""
        task = stack_parameters(problem.benchmark.train_tasks).mean(0).to(center)
        network = self._network(len(center) + len(task))
        fresh = {
            name: tensor.to(problem.device) for name, tensor in network.initial_parameters(key.generator()).items()
        }
        self.trained.initialise({_CENTER: torch.cat((center, task)), **fresh}, network.head, [_CENTER])

    @torch.no_grad()
    def estimate(self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task]) -> torch.Tensor:
        """The network's outputs along the trial."""
        observations = torch.cat((trial.inputs.observations, trial.after.observations), 1)
        features = self._features(observations, tasks, steps=trial.rewards.shape[1])
        return self.trained.values(self._outputs(self.trained.parameters, features))

    def learn(
        self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task], targets: torch.Tensor, key: RandomKey
    ) -> dict[str, float]:
        """Regression on the steps of all trials."""
        features = self._features(trial.inputs.observations, tasks, steps=trial.rewards.shape[1])
        features = trial.sequences(features, "trial")[0]
        return self.trained.learn(
            targets,
            lambda values: trial.sequences(values, "trial")[0],
            lambda parameters, chosen: self._outputs(parameters, features[:, chosen]),
            key,
            problem.group,
        )

    def _features(self, observations: torch.Tensor, tasks: Sequence[Task], steps: int) -> torch.Tensor:
        """The inputs ``(tasks, steps, trials, features)`` of the network, but for scale and centre."""
        parameters = stack_parameters(tasks).to(observations)[:, None, None]
        time = torch.arange(observations.shape[1]).to(observations)[:, None, None] / steps
        shape = observations.shape[:-1]
        return torch.cat((observations, parameters.expand(*shape, -1), time.expand(*shape, 1)), -1)

    def _outputs(self, parameters: Parameters, features: torch.Tensor) -> torch.Tensor:
        """The network's outputs ``(...)`` at features ``(..., features)``."""
        center = parameters[_CENTER]
        inputs = torch.cat(((features[..., :-1] - center) * self.input_scale, features[..., -1:]), -1)
        return self._network(len(center)).shared(expand_to_tasks(parameters, 1), inputs)[..., 0]

    def _network(self, size: int) -> MLP:
        return MLP((size + 1, *self.hidden_sizes, 1), "tanh")


def make_value(config: RL2Config, policy: RecurrentPolicy) -> ValueFunction:
    """The value function that a section of an experiment describes."""
    if isinstance(config.value, PrivilegedValueConfig):
        return PrivilegedValue(config.outer, policy, config.value.hidden_sizes)
    if isinstance(config.value, RecurrentValueConfig):
        return RecurrentValue(config.outer, policy)
    return LinearValue()
