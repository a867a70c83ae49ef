"""CPU physics: many worlds of one scene, stepped together on threads by `mujoco.batch`."""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import mujoco
import numpy as np
import torch
from mujoco.batch import Batch
from torch import Tensor

from mlrun.simulation.protocol import Poses
from mlrun.simulation.scene import SUBSTEPS, Scene, SettledState

_WARNINGS: Final = {
    name.removeprefix("mjWARN_"): kind.value
    for name, kind in mujoco.mjtWarning.__members__.items()
    if name.startswith("mjWARN_")
}


class CPUPhysics:
    """The `Physics` of worlds on CPU threads, in float64.

    A world's trajectory depends on its own inputs only. It is bit-identical for any number of worlds and threads.

    Args:
        scene: what there is in each world.
        num_worlds: how many worlds.
        num_threads: threads that step them; 0 means one per core.
    """

    def __init__(self, scene: Scene, num_worlds: int, num_threads: int = 0):
        self.scene = scene
        self.num_worlds = num_worlds
        self._num_threads = num_threads
        self._batch = Batch(scene.model, num_worlds, num_threads)
        self._kinematics = Batch(scene.kinematic_model, num_worlds, num_threads)
        self._joints, self._posed_joints = _tensor(self._batch.bind("qpos")), _tensor(self._kinematics.bind("qpos"))
        self._velocities = _tensor(self._batch.bind("qvel"))
        self._control = _tensor(self._batch.bind("ctrl"))
        self._warnings = _tensor(self._batch.warning)[:, :, 1]  # counts; beside them is what the last warning was about
        self.hand_target = _tensor(self._batch.bind("mocap_pos"))[:, 0]
        bodies, sites, rotations = (_tensor(self._kinematics.bind(name)) for name in ("xpos", "site_xpos", "xmat"))
        self.poses = Poses(scene.kinematic_model, bodies, sites, rotations.unflatten(-1, (3, 3)))

    def load(self, settled: SettledState, worlds: Tensor) -> None:
        """Puts the chosen `worlds` (worlds,) bool into a settled state. Poses are stale until `forward`."""
        self._batch.state[worlds.numpy()] = settled.state
        self._warnings[worlds] = 0

    def write_joint(self, joint: str, position: Tensor, worlds: Tensor) -> None:
        """Moves a joint of the chosen `worlds` (worlds,) bool to `position` (worlds, coordinates). See `Physics`."""
        start, velocities = self.scene.joint_addresses(joint)
        self._joints[:, start : start + position.shape[1]][worlds] = position[worlds]
        self._velocities[:, velocities][worlds] = 0.0

    def forward(self) -> None:
        """Computes the poses of the present state. Time does not advance."""
        self._posed_joints.copy_(self._joints)
        self._kinematics.forward(stage=mujoco.mjtStage.mjSTAGE_POS.value)

    def step(self, gripper: Tensor) -> None:
        """Advances every world by one control step towards its `hand_target`.

        The poses are those of the new state. MuJoCo alone would leave them one substep behind.

        Args:
            gripper: (worlds,) closing effort of the fingers, -1 (open) to 1 (closed).
        """
        self._control[:, 0] = gripper
        torch.neg(self._control[:, 0], out=self._control[:, 1])
        with _without_printing():
            self._batch.step(nstep=SUBSTEPS)
        self.forward()

    def warnings(self) -> dict[str, Tensor]:
        """How often MuJoCo has warned since `load`, (worlds,) int32 by its names for the warnings, as "BADQACC".

        With "BADQPOS", "BADQVEL" or "BADQACC" MuJoCo has reset the world's state, and then simulated on.
        """
        return {name: self._warnings[:, index] for name, index in _WARNINGS.items()}

    def state(self, world: int) -> np.ndarray:
        """The whole integration state of one world, float64, as `mujoco.mj_setState` takes it."""
        return self._batch.state[world]

    def pads_press(self, worlds: Tensor) -> Tensor:
        """Whether both finger pads push against the graspable object, (worlds,) bool. False where `worlds` is false.

        Stepping leaves no forces of the present state. If any of the `worlds` (worlds,) is true, they are computed for
        all, which takes about a fifth of a control step.
        """
        if not worlds.any():
            return torch.zeros_like(worlds)
        batch, pressure = self._pressure
        batch.state[:] = self._batch.state
        batch.forward()
        return worlds & (pressure > 0).all(1)

    @functools.cached_property
    def _pressure(self) -> tuple[Batch, Tensor]:
        """A second batch of the worlds, and a live view of each pad's normal force on the object, (worlds, 2)."""
        batch = Batch(self.scene.grasp_model, self.num_worlds, self._num_threads)
        return batch, _tensor(batch.bind("sensordata"))[:, ::3]


@contextmanager
def _without_printing() -> Iterator[None]:
    """Silences MuJoCo, which would print each warning and append it to a file in the working directory.

    The batch counts the warnings anyway.
    """
    previous = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(_ignore)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(previous)


def _ignore(message: str) -> None:
    """Nothing."""


def _tensor(array: np.ndarray) -> Tensor:
    """A tensor that shares the memory of `array`.

    The batch marks its outputs read-only. Torch has no such flag and warns, so a view without the flag is used.
    """
    view = array.view()
    view.flags.writeable = True
    return torch.from_numpy(view)
