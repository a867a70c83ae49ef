"""The physics engine alone, and the actions and tasks that it and an ML1 environment run with."""

import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mujoco.batch import Batch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import TaskFamily
from mlrun.benchmarks.metaworld.worlds import hand_targets
from mlrun.benchmarks.task import Task, stack_parameters
from mlrun.simulation.scene import SUBSTEPS
from mlrun.simulation.tabletop import PUCK


class PhysicsAlone:
    """`mujoco.batch` with the scene of a task family. Its speed is the limit for the environments.

    Args:
        family: gives the scene, and where the puck starts.
        num_worlds: number of worlds.
        num_threads: threads that step them; 0 means one per core.
    """

    def __init__(self, family: TaskFamily, num_worlds: int, num_threads: int = 0) -> None:
        self.family = family
        self.batch = Batch(family.scene.model, num_worlds, num_threads)
        self._hand, self._control = self.batch.bind("mocap_pos")[:, 0], self.batch.bind("ctrl")

    def reset(self, task_parameters: Tensor) -> None:
        """Starts every world where an episode of its task starts. Task parameters are ``(worlds, 6)``, in metres."""
        self.batch.state[:] = self.family.settled.state
        puck = self.batch.joint(PUCK)
        puck.qpos[:, :3] = self.family.start(task_parameters).numpy()
        puck.qvel[:] = 0

    def step(self, hand_target: np.ndarray, gripper: np.ndarray) -> float:
        """Simulates one control step of every world, and returns the seconds that it took.

        Args:
            hand_target: ``(worlds, 3)``, in metres.
            gripper: ``(worlds,)``, the command to the fingers; 1 is shut.
        """
        start = time.perf_counter()
        self._hand[:] = hand_target
        self._control[:, 0], self._control[:, 1] = gripper, -gripper
        self.batch.step(nstep=SUBSTEPS)
        return time.perf_counter() - start


def commands(family: TaskFamily, actions: Tensor) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The hand target ``(worlds, 3)`` and the gripper command ``(worlds,)`` of each step.

    Args:
        family: says where the hand starts, and how far its target may go.
        actions: of whole episodes, ``(steps, worlds, 4)``.
    """
    return zip(hand_targets(family, actions).numpy(), actions[..., 3].double().numpy(), strict=True)


def random_actions(steps: int, num_worlds: int) -> Tensor:
    """Uniform actions in [-1, 1], ``(steps, worlds, 4)``. Every call gives the same actions."""
    return 2 * torch.rand(steps, num_worlds, 4, generator=torch.Generator().manual_seed(0)) - 1


def task_parameters(tasks: Sequence[Task], num_worlds: int) -> Tensor:
    """The parameters of the task of each world, ``(worlds, 6)`` float64. World i has task i modulo their number."""
    return stack_parameters([tasks[world % len(tasks)] for world in range(num_worlds)])
