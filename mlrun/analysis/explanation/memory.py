"""What a memory knows of its task: how far from the goal is the goal that a linear map reads from the memory?"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

import torch

from mlrun.analysis.explanation.ridge import decode
from mlrun.benchmarks.protocol import EpisodicBenchmark
from mlrun.benchmarks.task import Task, stack_parameters
from mlrun.config.schema import Experiment
from mlrun.errors import MlrunError
from mlrun.finite import require_finite_tasks
from mlrun.learner import Memory
from mlrun.parameters import Parameters
from mlrun.problems.episodes import EpisodicProblem
from mlrun.randomness import RandomKey
from mlrun.rl.policy import HasKnowledge, Policy, PolicyInputs
from mlrun.rl.trajectories import LAST_ACTION, LAST_REWARD
from mlrun.training.device import arithmetic
from mlrun.training.evaluation import Adaptation, evaluation_key, summarise
from mlrun.training.non_finite import non_finite_ends

HELD_OUT: Final = "held_out"
TRAINING: Final = "training"
WITHOUT_REWARDS: Final = "without_rewards"

_DRAWN: Final = "drawn"  # training tasks that are not in the list
_PARTS: Final = 12  # of an episode, at whose ends the memory is decoded
_MOST_PARTS: Final = 60  # of a trial


@dataclass(frozen=True)
class MemoryExplanation:
    """How well the goal can be decoded from the memory in the course of a trial.

    Errors are distances between the decoded and the true goal. They are means over a task's trials, float64 on the CPU.

    Attributes:
        adaptation: the adaptation that is explained.
        horizon: steps of an episode.
        episodes: of a trial. All but the last are to adapt.
        trials: of each task.
        features: the number of features of the memory.
        fitted_to: the number of training tasks that the map is fitted to. It can be more than those in the list.
        moments: the steps of the trial after which the memory is decoded, from 0 to the last.
        errors: ``(moments, tasks)`` each. `TRAINING` is of the list of training tasks. Each of them is decoded by a map
            that is fitted without its goal. `HELD_OUT` is of the held-out tasks, if they are the split that is
            explained. `WITHOUT_REWARDS` is of the split's tasks, for a learner that sees no rewards.
        constant: the distance of the mean goal of the training tasks from each goal, ``(tasks,)``, by the same names.
    """

    adaptation: Adaptation
    horizon: int
    episodes: int
    trials: int
    features: int
    fitted_to: int
    moments: Sequence[int]
    errors: Mapping[str, torch.Tensor]
    constant: Mapping[str, torch.Tensor]

    def intervals(self, name: str) -> list[dict[str, float]]:
        """The "mean" over tasks of an error at each moment, with the ends "low" and "high" of its 95% interval."""
        errors = self.errors[name]
        by_moment = {str(moment): of_tasks for moment, of_tasks in zip(self.moments, errors, strict=True)}
        return list(summarise(by_moment, self.adaptation.key).values())


class _Group(NamedTuple):
    """Tasks that are played together.

    Attributes:
        tasks: the tasks.
        key: for their trials.
        goals: the numbers that are decoded, ``(tasks, numbers)``, float64.
    """

    tasks: Sequence[Task]
    key: RandomKey
    goals: torch.Tensor


def explain_memory(adaptation: Adaptation, experiment: Experiment) -> MemoryExplanation:
    """Decodes the goal from the memory, by step of the trial, with maps that are fitted to training tasks.

    The trials of each split begin with the episodes that its evaluation adapts to.

    Args:
        adaptation: of a learner with a memory.
        experiment: of the run.

    Raises:
        Diverged: an action or a memory is not finite.
        MlrunError: the memory is not that of a policy, or the tasks have no goal to decode.
    """
    problem = adaptation.problem
    if not isinstance(problem, EpisodicProblem):
        raise MlrunError(f"{adaptation.benchmark.name}: the memory of this run's model cannot be inspected")
    groups = _groups(adaptation, problem.benchmark)
    horizon, episodes = problem.benchmark.horizon, len(adaptation.by_step)
    moments = evenly_spaced(horizon, episodes, max(2, min(_PARTS, _MOST_PARTS // episodes)))
    with arithmetic(experiment):
        memories, blind = (
            {name: _memories(adaptation, variant, group, moments) for name, group in groups.items()}
            for variant in (problem, problem.without_rewards())
        )
        errors, errors_when_blind = _errors(memories, groups), _errors(blind, groups)
    of_split = HELD_OUT if HELD_OUT in groups else TRAINING
    _, _, trials, features = memories[TRAINING].shape
    mean_goal = torch.cat([groups[name].goals for name in _fitted(groups)]).mean(0)
    constant = {name: (groups[name].goals - mean_goal).norm(dim=1) for name in errors}
    return MemoryExplanation(
        adaptation=adaptation,
        horizon=horizon,
        episodes=episodes,
        trials=trials,
        features=features,
        fitted_to=sum(len(groups[name].tasks) for name in _fitted(groups)),
        moments=moments,
        errors={**errors, WITHOUT_REWARDS: errors_when_blind[of_split]},
        constant={**constant, WITHOUT_REWARDS: constant[of_split]},
    )


def evenly_spaced(horizon: int, episodes: int, parts: int) -> list[int]:
    """The steps at which the equal parts of a trial's episodes start and end.

    Args:
        horizon: steps of an episode.
        episodes: of the trial.
        parts: of each episode.
    """
    return sorted({round(horizon * number / parts) for number in range(parts * episodes + 1)})


def _groups(adaptation: Adaptation, benchmark: EpisodicBenchmark) -> dict[str, _Group]:
    """The tasks to decode and those to fit to, by name.

    Raises:
        MlrunError: they have no goal to decode.
    """
    key = adaptation.key
    tasks = {TRAINING: benchmark.train_tasks, _DRAWN: _other_tasks(benchmark, key.child("drawn tasks"))}
    keys = {TRAINING: evaluation_key(key.seed, adaptation.checkpoint, "train"), _DRAWN: key.child("drawn")}
    if adaptation.tasks[0].split == "test":
        tasks[HELD_OUT], keys[HELD_OUT] = adaptation.tasks, key
    goals = {name: _goals(benchmark, of_group) for name, of_group in tasks.items() if of_group}
    known = torch.cat([of_group for name, of_group in goals.items() if name != HELD_OUT])
    varying = (known != known[:1]).any(0)
    if not varying.any():
        raise MlrunError(f"{benchmark.name}: there is nothing to decode: all training tasks have the same goal")
    return {name: _Group(tasks[name], keys[name], of_group[:, varying]) for name, of_group in goals.items()}


def _other_tasks(benchmark: EpisodicBenchmark, key: RandomKey) -> list[Task]:
    """Tasks that training draws and that are not in the list of training tasks; at most as many as there are."""
    listed = {task.parameters for task in benchmark.train_tasks}
    drawn = benchmark.draw_tasks(len(benchmark.train_tasks), key.numpy_generator())
    return [task for task in drawn if task.parameters not in listed]


def _goals(benchmark: EpisodicBenchmark, tasks: Sequence[Task]) -> torch.Tensor:
    """The goals, ``(tasks, numbers)``: what the benchmark says is hidden, or all parameters if it does not say."""
    if hasattr(benchmark, "hidden"):
        return benchmark.hidden(tasks)
    if len({(task.family, len(task.parameters)) for task in tasks}) > 1:
        raise MlrunError(f"{benchmark.name}: there is nothing to decode: tasks of several families have no common goal")
    return stack_parameters(tasks)


@torch.no_grad()
def _memories(adaptation: Adaptation, problem: EpisodicProblem, group: _Group, moments: Sequence[int]) -> torch.Tensor:
    """What the memory knows after some steps of a trial, ``(moments, tasks, trials, features)``, float64 on the CPU.

    The memory after a step has seen the step's reward and the next observation.
    """
    policy = cast(EpisodicProblem, adaptation.problem).policy
    with non_finite_ends(f"adaptation from checkpoint {adaptation.checkpoint}", group.tasks):
        learner = adaptation.algorithm.adapt(problem, group.tasks, group.key, 0)[0]
        trial = problem.run_trial(learner, group.tasks, len(adaptation.by_step), group.key)
        inputs = PolicyInputs.joined([trial.inputs, trial.after])
        parameters, memory, wanted, known = learner.parameters, trial.episodes[0].first_memory, set(moments), []
        for step in range(moments[-1] + 1):
            _, memory = problem.policy.step(parameters, inputs.map(operator.itemgetter((slice(None), step))), memory)
            if step in wanted:
                known.append(knowledge(policy, parameters, memory).double().cpu())
                require_finite_tasks("the memory", known[-1])
    return torch.stack(known)


def knowledge(policy: Policy, parameters: Parameters, memory: Memory) -> torch.Tensor:
    """The features of a memory that can hold what it knows of the task, ``(tasks, worlds, features)``.

    They are what the policy says, or else the whole memory. The last action and the last reward are not among them.
    """
    if isinstance(policy, HasKnowledge):
        return policy.knowledge(parameters, memory)
    parts = [tensor for name, tensor in memory.items() if name not in (LAST_ACTION, LAST_REWARD)]
    return torch.cat([part.double().reshape(*part.shape[:2], -1) for part in parts], -1)


def _errors(memories: Mapping[str, torch.Tensor], groups: Mapping[str, _Group]) -> dict[str, torch.Tensor]:
    """The distance of decoded from true goals, ``(moments, tasks)``, of the training tasks and the held-out ones."""
    fitted = _fitted(groups)
    goals = torch.cat([groups[name].goals for name in fitted])
    features = torch.cat([memories[name] for name in fitted], 1)  # (moments, tasks, trials, features)
    other = memories.get(HELD_OUT, features[:, :0])
    trials, same_goal = features.shape[2], goals.unique(dim=0, return_inverse=True)[1]
    targets, held_out_together = (values.repeat_interleave(trials, 0) for values in (goals, same_goal))
    decoded = [
        decode(now.flatten(0, 1), targets, held_out_together, of_others.flatten(0, 1))
        for now, of_others in zip(features, other, strict=True)
    ]
    training = torch.stack([one.held_out for one in decoded]).unflatten(1, (-1, trials))
    found = {TRAINING: _distance(training[:, : len(groups[TRAINING].tasks)], groups[TRAINING].goals)}
    if HELD_OUT in groups:
        new = torch.stack([one.new for one in decoded]).unflatten(1, (-1, trials))
        found = {HELD_OUT: _distance(new, groups[HELD_OUT].goals), **found}
    return found


def _fitted(groups: Mapping[str, _Group]) -> list[str]:
    """The names of the groups that the maps are fitted to."""
    return [name for name in groups if name != HELD_OUT]


def _distance(decoded: torch.Tensor, goals: torch.Tensor) -> torch.Tensor:
    """The mean distance over trials, ``(moments, tasks)``, from ``(moments, tasks, trials, numbers)``."""
    return (decoded - goals.unsqueeze(1)).norm(dim=-1).mean(-1)
