"""Value functions of trials, for advantages: linear in features, recurrent, or privileged to see the task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch

from mlrun.algorithms.minibatches import MinibatchAdam
from mlrun.algorithms.trial_learner import value_unit
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


class ValueFunction(ABC):
    """The expected discounted return of a trial from each of its steps on. It is used in training only."""

    def initialise(self, problem: EpisodicProblem, center: torch.Tensor, key: RandomKey) -> None:  # noqa: B027
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

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:  # noqa: B027
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
    """A network that is trained by regression. Its output is in units of `value_unit`.

    Args:
        options: how it is trained.
        reward_scale: factor on rewards.
    """

    def __init__(self, options: RecurrentPPOConfig, reward_scale: float) -> None:
        self.options = options
        self.reward_scale = reward_scale
        self.parameters: Parameters = {}
        self.constants: tuple[str, ...] = ()
        self._adam = MinibatchAdam.from_config(options)

    def regress(
        self,
        losses: Callable[[Parameters, torch.Tensor], torch.Tensor],
        items: tuple[int, int],
        problem: EpisodicProblem,
        key: RandomKey,
    ) -> dict[str, float]:
        """Minimise the losses of all items, as `MinibatchAdam.step` takes them. Returns metrics."""
        self.parameters, metrics = self._adam.step(self.parameters, losses, items, key, problem.group, self.constants)
        return {f"value/{name}": value for name, value in metrics.items()}

    def state_dict(self) -> dict[str, Any]:
        """The parameters, and what Adam remembers."""
        return {"parameters": dict(self.parameters), "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any], device: str = "cpu") -> None:
        """Continue from a ``state_dict``, on a device."""
        self.parameters = {name: tensor.to(device) for name, tensor in state["parameters"].items()}
        self._adam.load_state_dict(state["adam"], self.parameters, self.constants)


class RecurrentValue(_NetworkValue):
    """A recurrent network of its own, which sees what the policy sees."""

    def __init__(self, options: RecurrentPPOConfig, reward_scale: float, policy: RecurrentPolicy) -> None:
        super().__init__(options, reward_scale)
        like = policy.network
        self.network = RecurrentNetwork(
            observation_size=like.observation_size,
            action_size=like.action_size,
            output_size=1,
            cell=like.cell,
            memory_size=like.memory_size,
            hidden_sizes=like.hidden_sizes,
            input_scale=like.input_scale,
            reward_scale=like.reward_scale,
        )
        self.constants = self.network.constants
        self._memories: list[Memory] = []

    def initialise(self, problem: EpisodicProblem, center: torch.Tensor, key: RandomKey) -> None:
        """Start from fresh parameters."""
        fresh = self.network.initial_parameters(key.generator(), center.cpu())
        self.parameters = {name: tensor.to(problem.device) for name, tensor in fresh.items()}

    @torch.no_grad()
    def estimate(self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task]) -> torch.Tensor:
        """The network's outputs along the trial."""
        parameters = expand_to_tasks(self.parameters, len(tasks))
        memory = self.network.initial_memory(parameters, worlds=trial.rewards.shape[2])
        self._memories, values = [], []
        for inputs in [*(episode.inputs for episode in trial.episodes), trial.after]:
            self._memories.append(memory)
            outputs, memory = self.network.sequence(parameters, inputs, memory)
            values.append(outputs[..., 0])
        return torch.cat(values, 1) * value_unit(problem, trial, self.reward_scale)

    def learn(
        self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task], targets: torch.Tensor, key: RandomKey
    ) -> dict[str, float]:
        """Regression through time, along the same sequences as the policy's."""
        span = self.options.backpropagation
        inputs, memory = trial.sequences_of_inputs(span), first_memories(self._memories, span)
        wanted = trial.sequences(targets / value_unit(problem, trial, self.reward_scale), span)

        def losses(parameters: Parameters, chosen: torch.Tensor) -> torch.Tensor:
            outputs, _ = self.network.sequence(expand_to_tasks(parameters, 1), *choose(inputs, memory, chosen))
            return (outputs[..., 0] - wanted[:, :, chosen]).square().mean((0, 1))

        return self.regress(losses, (len(tasks), wanted.shape[2] // len(tasks)), problem, key)


class PrivilegedValue(_NetworkValue):
    """A tanh network that sees the task's parameters, the observation, and the time in the trial, but no history.

    It is privileged: a policy never sees the parameters of its task (Pinto et al. 2018). Only training uses it.
    """

    def __init__(
        self, options: RecurrentPPOConfig, reward_scale: float, policy: RecurrentPolicy, hidden_sizes: Sequence[int]
    ):
        super().__init__(options, reward_scale)
        self.input_scale = policy.network.input_scale
        self.hidden_sizes = tuple(hidden_sizes)
        self.constants = ("center",)

    def initialise(self, problem: EpisodicProblem, center: torch.Tensor, key: RandomKey) -> None:
        """Start from fresh parameters."""
        task = stack_parameters(problem.benchmark.train_tasks).mean(0).to(center)
        self.parameters = {
            "center": torch.cat((center, task)),
            **{
                name: tensor.to(problem.device)
                for name, tensor in self._network(len(center) + len(task)).initial_parameters(key.generator()).items()
            },
        }

    @torch.no_grad()
    def estimate(self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task]) -> torch.Tensor:
        """The network's outputs along the trial."""
        observations = torch.cat((trial.inputs.observations, trial.after.observations), 1)
        features = self._features(observations, tasks, steps=trial.rewards.shape[1])
        return self._outputs(self.parameters, features) * value_unit(problem, trial, self.reward_scale)

    def learn(
        self, problem: EpisodicProblem, trial: Trial, tasks: Sequence[Task], targets: torch.Tensor, key: RandomKey
    ) -> dict[str, float]:
        """Regression on the steps of all trials."""
        features = self._features(trial.inputs.observations, tasks, steps=trial.rewards.shape[1])
        features = trial.sequences(features, "trial")
        wanted = trial.sequences(targets / value_unit(problem, trial, self.reward_scale), "trial")

        def losses(parameters: Parameters, chosen: torch.Tensor) -> torch.Tensor:
            outputs = self._outputs(parameters, features[:, :, chosen])
            return (outputs - wanted[:, :, chosen]).square().mean((0, 1))

        return self.regress(losses, (len(tasks), wanted.shape[2] // len(tasks)), problem, key)

    def _features(self, observations: torch.Tensor, tasks: Sequence[Task], steps: int) -> torch.Tensor:
        """The inputs ``(tasks, steps, trials, features)`` of the network, but for scale and centre."""
        parameters = stack_parameters(tasks).to(observations)[:, None, None]
        time = torch.arange(observations.shape[1]).to(observations)[:, None, None] / steps
        shape = observations.shape[:-1]
        return torch.cat((observations, parameters.expand(*shape, -1), time.expand(*shape, 1)), -1)

    def _outputs(self, parameters: Parameters, features: torch.Tensor) -> torch.Tensor:
        """The network's outputs ``(...)`` at features ``(..., features)``."""
        center = parameters["center"]
        inputs = torch.cat(((features[..., :-1] - center) * self.input_scale, features[..., -1:]), -1)
        return self._network(len(center)).shared(expand_to_tasks(parameters, 1), inputs)[..., 0]

    def _network(self, size: int) -> MLP:
        return MLP((size + 1, *self.hidden_sizes, 1), "tanh")


def make_value(config: RL2Config, policy: RecurrentPolicy) -> ValueFunction:
    """The value function that a section of an experiment describes."""
    if isinstance(config.value, PrivilegedValueConfig):
        return PrivilegedValue(config.outer, config.reward_scale, policy, config.value.hidden_sizes)
    if isinstance(config.value, RecurrentValueConfig):
        return RecurrentValue(config.outer, config.reward_scale, policy)
    return LinearValue()
