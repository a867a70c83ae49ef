"""How much of the physics engine's speed is left once it is a benchmark environment."""

import time
from typing import Any

import torch
from mujoco.batch import Batch
from torch import Tensor

from mlrun.benchmarks.ml1.benchmark import ML1
from mlrun.benchmarks.ml1.environment import SawyerEnvironment
from mlrun.config.schema import ML1Config
from mlrun.simulation.physics import settled_state
from mlrun.simulation.scene import SUBSTEPS, scene_model

_EPISODE: int = 100  # control steps


def environment_throughput(num_worlds: int = 200, seconds: float = 10.0, num_threads: int = 0) -> dict[str, Any]:
    """Times the environment (action in; observation, reward and success out) against `mujoco.batch` alone.

    Both run the same random actions from the same state, taking turns after every control step, so that whatever else
    the machine does slows them alike: compare the ratio, not the speeds, between machines.

    Args:
        num_worlds: how many worlds each of them steps.
        seconds: how long to measure, rounded up to whole episodes.
        num_threads: physics threads; 0 means one per core.

    Returns:
        Control steps per second, summed over worlds, of both, and their ratio.
    """
    benchmark = ML1(ML1Config(horizon=_EPISODE))
    environment = benchmark.make_environment(num_worlds, num_threads)
    goals = torch.tensor([task.parameters for task in benchmark.train_tasks], dtype=torch.float64)
    parameters = goals[torch.arange(num_worlds) % len(goals)]
    actions = 2 * torch.rand(_EPISODE, num_worlds, 4, generator=torch.Generator().manual_seed(0)) - 1
    targets = _play(environment, parameters, actions)
    alone = Batch(scene_model(), num_worlds, num_threads)
    spent = [0.0, 0.0]
    episodes = 0
    while sum(spent) < seconds:
        for index, elapsed in enumerate(_race(environment, parameters, actions, alone, targets)):
            spent[index] += elapsed
        episodes += 1
    steps = episodes * _EPISODE * num_worlds
    return {
        "num_worlds": num_worlds,
        "physics_threads": alone.nthread,
        "environment_steps_per_second": steps / spent[0],
        "physics_alone_steps_per_second": steps / spent[1],
        "ratio": spent[1] / spent[0],
    }


def _play(environment: SawyerEnvironment, parameters: Tensor, actions: Tensor) -> Tensor:
    """The hand targets (steps, worlds, 3) that the actions lead to; also warms everything up."""
    environment.reset(parameters)
    targets = torch.empty(*actions.shape[:2], 3, dtype=torch.float64)
    for target, action in zip(targets, actions, strict=True):
        environment.step(action)
        target.copy_(environment.physics.hand_target)
    return targets


def _race(
    environment: SawyerEnvironment, parameters: Tensor, actions: Tensor, alone: Batch, targets: Tensor
) -> tuple[float, float]:
    """Seconds that one episode takes in the environment and in the batch alone, stepped in turn."""
    environment.reset(parameters)
    alone.state[:] = settled_state().state
    alone.bind("qpos")[:, 9:12] = parameters[:, :3].numpy()
    hand, control = alone.bind("mocap_pos")[:, 0], alone.bind("ctrl")
    in_environment = in_batch = 0.0
    for action, target in zip(actions, targets.numpy(), strict=True):
        start = time.perf_counter()
        environment.step(action)
        middle = time.perf_counter()
        hand[:] = target
        control[:, 0], control[:, 1] = action[:, 3], -action[:, 3]
        alone.step(nstep=SUBSTEPS)
        in_environment += middle - start
        in_batch += time.perf_counter() - middle
    return in_environment, in_batch
