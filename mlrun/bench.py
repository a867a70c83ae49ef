"""How much of the physics engine's speed is left once it is an environment, and once it is meta-training."""

import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from mujoco.batch import Batch
from torch import Tensor

from mlrun.algorithms.protocol import Problem
from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.benchmarks.ml1.environment import SawyerEnvironment, hand_targets
from mlrun.benchmarks.task import Task
from mlrun.config.schema import Experiment, ML1Config
from mlrun.experiment.build import build_algorithm, build_benchmark, build_problem
from mlrun.parameters import Parameters
from mlrun.randomness import RandomKey
from mlrun.rl.problem import Experience
from mlrun.simulation.physics import settled_state
from mlrun.simulation.scene import PUCK_JOINT, SUBSTEPS, scene_model
from mlrun.simulation.threads import one_torch_thread

_EPISODE: int = 100  # control steps


class PhysicsAlone:
    """`mujoco.batch` with nothing around it: the speed limit that everything here is measured against."""

    def __init__(self, num_worlds: int, num_threads: int = 0) -> None:
        self.batch = Batch(scene_model(), num_worlds, num_threads)
        self._hand, self._control = self.batch.bind("mocap_pos")[:, 0], self.batch.bind("ctrl")

    def reset(self, task_parameters: Tensor) -> None:
        """Starts every world where an episode of its task starts."""
        self.batch.state[:] = settled_state().state
        puck = self.batch.joint(PUCK_JOINT)
        puck.qpos[:, :3] = task_parameters[:, :3].numpy()
        puck.qvel[:] = 0

    def step(self, hand_target: np.ndarray, gripper: np.ndarray) -> float:
        """One control step of every world; returns the seconds it took."""
        start = time.perf_counter()
        self._hand[:] = hand_target
        self._control[:, 0], self._control[:, 1] = gripper, -gripper
        self.batch.step(nstep=SUBSTEPS)
        return time.perf_counter() - start


def environment_throughput(num_worlds: int = 200, seconds: float = 10.0, num_threads: int = 0) -> dict[str, Any]:
    """Times the environment (action in; observation, reward and success out) against the physics alone.

    Both run the same random actions from the same state, taking turns after every control step, so that whatever else
    the machine does slows them alike: compare the ratio, not the speeds, between machines.

    Args:
        num_worlds: how many worlds each of them steps.
        seconds: how long to measure, rounded up to whole episodes.
        num_threads: physics threads; 0 means one per core.

    Returns:
        Control steps per second, summed over worlds, of both, and the environment's share of the limit.
    """
    benchmark = ML1(ML1Config(horizon=_EPISODE))
    environment, alone = benchmark.make_environment(num_worlds, num_threads), PhysicsAlone(num_worlds, num_threads)
    tasks = [benchmark.train_tasks[world % len(benchmark.train_tasks)] for world in range(num_worlds)]
    parameters = _parameters(tasks)
    actions = 2 * torch.rand(_EPISODE, num_worlds, 4, generator=torch.Generator().manual_seed(0)) - 1
    spent, episodes = np.zeros(2), 0
    with one_torch_thread():
        _race(environment, alone, parameters, actions)
        while spent.sum() < seconds:
            spent += _race(environment, alone, parameters, actions)
            episodes += 1
    speeds = episodes * _EPISODE * num_worlds / spent
    return {
        "worlds": num_worlds,
        "physics threads": alone.batch.nthread,
        "environment steps/s": float(speeds[0]),
        "physics alone steps/s": float(speeds[1]),
        "environment's share of the physics' speed": float(speeds[0] / speeds[1]),
    }


def meta_iteration_cost(experiment: Experiment, iterations: int = 5) -> dict[str, Any]:
    """Times meta-iterations against the physics alone repeating the very same episodes, in turn.

    Args:
        experiment: what to train, on an ML1 benchmark.
        iterations: how many meta-iterations to time, after one to warm up.

    Returns:
        Median seconds of a meta-iteration, of its physics alone, and the median of their ratios.
    """
    benchmark = build_benchmark(experiment)
    episodes = experiment.rollouts.episodes_per_task
    recorder = _RecordingProblem(build_problem(experiment, benchmark, episodes_per_task=episodes))
    problem = cast(Problem, recorder)
    algorithm = build_algorithm(experiment)
    algorithm.initialise(problem, RandomKey(experiment.seed, 0, "parameters"))
    tasks = benchmark.train_tasks[: experiment.training.tasks_per_batch]
    alone = PhysicsAlone(len(tasks) * episodes, experiment.threads)
    whole, physics = [], []
    for iteration in range(iterations + 1):
        recorder.recorded.clear()
        start = time.perf_counter()
        algorithm.update(problem, tasks, RandomKey(experiment.seed, iteration, "update"))
        whole.append(time.perf_counter() - start)
        physics.append(sum(_repeat(alone, tasks, data) for data in recorder.recorded))
    ratios = [all_of_it / physics_of_it for all_of_it, physics_of_it in zip(whole, physics, strict=True)]
    return {
        "worlds in a meta-iteration": alone.batch.nsim,
        "seconds per meta-iteration": statistics.median(whole[1:]),
        "seconds of its physics alone": statistics.median(physics[1:]),
        "meta-iteration's time over its physics'": statistics.median(ratios[1:]),
    }


class _RecordingProblem:
    """A problem that keeps what was collected through it."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.recorded: list[Experience] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._problem, name)

    def collect(self, parameters: Parameters, tasks: Sequence[Task], key: RandomKey) -> Experience:
        self.recorded.append(self._problem.collect(parameters, tasks, key))
        return self.recorded[-1]


def _race(environment: SawyerEnvironment, alone: PhysicsAlone, parameters: Tensor, actions: Tensor) -> np.ndarray:
    """Seconds that one episode takes in the environment and in the physics alone, stepped in turn, (2,)."""
    environment.reset(parameters)
    alone.reset(parameters)
    spent = np.zeros(2)
    for action, (target, gripper) in zip(actions, _commands(actions), strict=True):
        start = time.perf_counter()
        environment.step(action)
        spent += time.perf_counter() - start, alone.step(target, gripper)
    return spent


def _repeat(alone: PhysicsAlone, tasks: Sequence[Task], data: Experience) -> float:
    """Seconds that the physics alone takes for collected episodes."""
    actions = data.trajectories.actions.transpose(0, 1).flatten(1, 2).double().cpu()  # (steps, worlds, actions)
    alone.reset(_parameters(tasks).repeat_interleave(actions.shape[1] // len(tasks), dim=0))
    return sum(alone.step(target, gripper) for target, gripper in _commands(actions))


def _commands(actions: Tensor) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What actions (steps, worlds, 4) tell the hand's target and the gripper, step by step."""
    return zip(hand_targets(actions).numpy(), actions[..., 3].double().numpy(), strict=True)


def _parameters(tasks: Sequence[Task]) -> Tensor:
    return torch.tensor([task.parameters for task in tasks], dtype=torch.float64)
