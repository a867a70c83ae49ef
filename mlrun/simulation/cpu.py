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

from mlrun.simulation.protocol import Poses, joint_numbers
from mlrun.simulation.scene import SUBSTEPS, Scene, SettledState

_WARNINGS: Final = {
    name.removeprefix("mjWARN_"): kind.value
    for name, kind in mujoco.mjtWarning.__members__.items()
    if name.startswith("mjWARN_")
}


class CPUPhysics:
    """N worlds of one scene on CPU threads, in float64.

    A world's trajectory depends on its own inputs only: it is bit-identical for any number of worlds and threads.

    Args:
        scene: what there is in each world.
        num_worlds: how many worlds.
        num_threads: threads to step them on; 0 means one per core.
    """

    def __init__(self, scene: Scene, num_worlds: int, num_threads: int = 0):
        self.scene = scene
        self.num_worlds = num_worlds
        self._num_threads = num_threads
        self._batch = Batch(scene.model, num_worlds, num_threads)
        self._kinematics = Batch(scene.kinematic_model, num_worlds, num_threads)
        self._joints, self._posture = _tensor(self._batch.bind("qpos")), _tensor(self._kinematics.bind("qpos"))
        self._velocities = _tensor(self._batch.bind("qvel"))
        self._control = _tensor(self._batch.bind("ctrl"))
        self._warnings = _tensor(self._batch.warning)[:, :, 1]  # beside the numbers are what the last ones were about
        self.hand_target = _tensor(self._batch.bind("mocap_pos"))[:, 0]  # (worlds, 3), live: writing moves the target
        body, site, rotation = (_tensor(self._kinematics.bind(name)) for name in ("xpos", "site_xpos", "xmat"))
        self.poses = Poses(scene.kinematic_model, body, site, rotation.unflatten(-1, (3, 3)))

    def load(self, settled: SettledState, worlds: Tensor) -> None:
        """Put those `worlds` (worlds,) that are true into a settled state; poses are stale until `forward`."""
        self._batch.state[worlds.numpy()] = settled.state
        self._warnings[worlds] = 0

    def write_joint(self, joint: str, position: Tensor, worlds: Tensor) -> None:
        """Move a joint of `worlds` (worlds,) to `position` (worlds, coordinates), at rest; see `Physics`."""
        start, velocities = joint_numbers(self.scene.model, joint)
        self._joints[:, start : start + position.shape[1]][worlds] = position[worlds]
        self._velocities[:, velocities][worlds] = 0.0

    def forward(self) -> None:
        """Refreshes the poses from the state, without advancing time."""
        self._posture.copy_(self._joints)
        self._kinematics.forward(stage=mujoco.mjtStage.mjSTAGE_POS.value)

    def step(self, gripper: Tensor) -> None:
        """Advances every world by one control step towards its `hand_target`.

        The poses afterwards are those of the new state, where MuJoCo alone would leave them one substep behind.

        Args:
            gripper: (worlds,) closing effort of the fingers, -1 (open) to 1 (closed).
        """
        self._control[:, 0] = gripper
        torch.neg(self._control[:, 0], out=self._control[:, 1])
        with _without_printing():
            self._batch.step(nstep=SUBSTEPS)
        self.forward()

    def warnings(self) -> dict[str, Tensor]:
        """How often MuJoCo has warned since `load`, (worlds,) int32 by its names, as in "BADQACC".

        After "BADQPOS", "BADQVEL" or "BADQACC" it has put the world back to another state, to go on at all.
        """
        return {name: self._warnings[:, index] for name, index in _WARNINGS.items()}

    def state(self, world: int) -> np.ndarray:
        """The whole integration state of one world, as `mujoco.mj_setState` takes it."""
        return self._batch.state[world]

    def pads_press(self, worlds: Tensor) -> Tensor:
        """Whether both finger pads push against the graspable object, (worlds,) bool; false where `worlds` is.

        Forces of the present state are not a by-product of stepping; if any world is asked for, this costs about a
        fifth of a control step.
        """
        if not worlds.any():
            return torch.zeros_like(worlds)
        batch, pressure = self._pressing
        batch.state[:] = self._batch.state
        batch.forward()
        return worlds & (pressure > 0).all(1)

    @functools.cached_property
    def _pressing(self) -> tuple[Batch, Tensor]:
        """The worlds once more, and a live view of each pad's normal force on the graspable object, (worlds, 2)."""
        batch = Batch(self.scene.grasp_model, self.num_worlds, self._num_threads)
        return batch, _tensor(batch.bind("sensordata"))[:, ::3]


@contextmanager
def _without_printing() -> Iterator[None]:
    """MuJoCo would print each warning, and append it to a file in the working directory; they are counted anyway."""
    previous = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(_ignore)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(previous)


def _ignore(message: str) -> None:
    """Nothing."""


def _tensor(array: np.ndarray) -> Tensor:
    """A tensor over the memory of `array`.

    The batch marks its outputs read-only, which torch cannot express and warns about, so the flag is lifted on a view.
    """
    view = array.view()
    view.flags.writeable = True
    return torch.from_numpy(view)
