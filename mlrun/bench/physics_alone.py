"""The physics engine with nothing around it, repeating what an ML1 environment makes it do."""

import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mujoco.batch import Batch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import TaskFamily
from mlrun.benchmarks.metaworld.worlds import hand_targets
from mlrun.benchmarks.task import Task
from mlrun.simulation.scene import SUBSTEPS
from mlrun.simulation.tabletop import PUCK


class PhysicsAlone:
    """`mujoco.batch` stepping a family's scene: the speed limit of the environments.

    Args:
        family: what is played; it says what the scene is, and where the puck starts.
        num_worlds: how many worlds.
        num_threads: threads to step them on; 0 means one per core.
    """

    def __init__(self, family: TaskFamily, num_worlds: int, num_threads: int = 0) -> None:
        self.family = family
        self.batch = Batch(family.scene.model, num_worlds, num_threads)
        self._hand, self._control = self.batch.bind("mocap_pos")[:, 0], self.batch.bind("ctrl")

    def reset(self, task_parameters: Tensor) -> None:
        """Starts every world where an episode of its task (worlds, 6) starts."""
        self.batch.state[:] = self.family.settled.state
        puck = self.batch.joint(PUCK)
        puck.qpos[:, :3] = self.family.start(task_parameters).numpy()
        puck.qvel[:] = 0

    def step(self, hand_target: np.ndarray, gripper: np.ndarray) -> float:
        """One control step of every world, towards (worlds, 3) and (worlds,); returns the seconds it took."""
        start = time.perf_counter()
        self._hand[:] = hand_target
        self._control[:, 0], self._control[:, 1] = gripper, -gripper
        self.batch.step(nstep=SUBSTEPS)
        return time.perf_counter() - start


def commands(family: TaskFamily, actions: Tensor) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What the actions (steps, worlds, 4) of episodes tell the physics, step by step: hand target and gripper."""
    return zip(hand_targets(family, actions).numpy(), actions[..., 3].double().numpy(), strict=True)


def random_actions(steps: int, num_worlds: int) -> Tensor:
    """Uniform actions, (steps, worlds, 4), the same ones at every call."""
    return 2 * torch.rand(steps, num_worlds, 4, generator=torch.Generator().manual_seed(0)) - 1


def task_parameters(tasks: Sequence[Task], num_worlds: int) -> Tensor:
    """The parameters of tasks, dealt out to worlds one after the other, (worlds, 6)."""
    dealt = [tasks[world % len(tasks)].parameters for world in range(num_worlds)]
    return torch.tensor(dealt, dtype=torch.float64)
