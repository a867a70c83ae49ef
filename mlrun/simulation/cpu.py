"""CPU physics: many worlds of the Sawyer scene, stepped together on threads by `mujoco.batch`."""

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
from mlrun.simulation.scene import PUCK_JOINT, SUBSTEPS, scene, scene_model
from mlrun.simulation.settling import settled_state

_WARNINGS: Final = {
    name.removeprefix("mjWARN_"): kind.value
    for name, kind in mujoco.mjtWarning.__members__.items()
    if name.startswith("mjWARN_")
}
_STRONGEST: Final = 2  # MuJoCo's number for reporting, of several contacts, the one with the largest force


class SawyerPhysics:
    """N worlds of the Sawyer scene on CPU threads, in float64.

    A world's trajectory depends on its own inputs only: it is bit-identical for any number of worlds and threads.

    Args:
        num_worlds: how many worlds.
        num_threads: threads to step them on; 0 means one per core.
    """

    def __init__(self, num_worlds: int, num_threads: int = 0):
        model = scene_model()
        self.num_worlds = num_worlds
        self._num_threads = num_threads
        self._batch = Batch(model, num_worlds, num_threads)
        self._kinematics = Batch(_kinematic_model(), num_worlds, num_threads)
        puck = model.joint(PUCK_JOINT)
        start, velocity = int(puck.qposadr[0]), int(puck.dofadr[0])
        self._joints, self._posture = _tensor(self._batch.bind("qpos")), _tensor(self._kinematics.bind("qpos"))
        self._puck_position = self._joints[:, start : start + 3]
        self._puck_velocity = _tensor(self._batch.bind("qvel"))[:, velocity : velocity + 6]
        self._control = _tensor(self._batch.bind("ctrl"))
        self._warnings = _tensor(self._batch.warning)[:, :, 1]  # beside the numbers are what the last ones were about
        self.hand_target = _tensor(self._batch.bind("mocap_pos"))[:, 0]  # (worlds, 3), live: writing moves the target
        body, site, rotation = (_tensor(self._kinematics.bind(name)) for name in ("xpos", "site_xpos", "xmat"))
        self.poses = Poses.named(_kinematic_model(), body, site, rotation.unflatten(-1, (3, 3)))

    def load_settled(self, worlds: Tensor) -> None:
        """Puts those `worlds` (worlds,) that are true into the settled state; poses are stale until `forward`."""
        self._batch.state[worlds.numpy()] = settled_state().state
        self._warnings[worlds] = 0

    def place_puck(self, position: Tensor, worlds: Tensor) -> None:
        """Moves the puck of `worlds` to their `position` (worlds, 3), at rest; poses are stale until `forward`."""
        self._puck_position[worlds] = position[worlds]
        self._puck_velocity[worlds] = 0.0

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
        """How often MuJoCo has warned since `load_settled`, (worlds,) int32 by its names, as in "BADQACC".

        After "BADQPOS", "BADQVEL" or "BADQACC" it has put the world back to another state, to go on at all.
        """
        return {name: self._warnings[:, index] for name, index in _WARNINGS.items()}

    def state(self, world: int) -> np.ndarray:
        """The whole integration state of one world, as `mujoco.mj_setState` takes it."""
        return self._batch.state[world]

    def pads_press_on_puck(self, worlds: Tensor) -> Tensor:
        """Whether both finger pads push against the puck, (worlds,) bool; false where `worlds` (worlds,) is.

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
        """The worlds once more, and a live view of the normal force between each pad and the puck, (worlds, 2)."""
        batch = Batch(_pressing_model(), self.num_worlds, self._num_threads)
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


@functools.cache
def _kinematic_model() -> mujoco.MjModel:
    """The scene without contacts, constraints and links at the ends: they take time, and no pose depends on them."""
    spec = scene()
    disabled = mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_CONSTRAINT
    spec.option.disableflags |= disabled
    for body in reversed(spec.bodies):  # children come after their parents
        bears_nothing = not (body.bodies or body.joints or body.geoms)
        if bears_nothing:
            spec.delete(body)
    return spec.compile()


@functools.cache
def _pressing_model() -> mujoco.MjModel:
    """The scene with a sensor on each pad for its force on the puck, in the frame of the strongest contact."""
    spec = scene()
    for side in ("left", "right"):
        spec.add_sensor(
            type=mujoco.mjtSensor.mjSENS_CONTACT,
            objtype=mujoco.mjtObj.mjOBJ_GEOM,
            objname=f"{side}_pad",
            reftype=mujoco.mjtObj.mjOBJ_GEOM,
            refname="puck",
            intprm=(1 << mujoco.mjtConDataField.mjCONDATA_FORCE.value, _STRONGEST, 1),
        )
    return spec.compile()


def _tensor(array: np.ndarray) -> Tensor:
    """A tensor over the memory of `array`.

    The batch marks its outputs read-only, which torch cannot express and warns about, so the flag is lifted on a view.
    """
    view = array.view()
    view.flags.writeable = True
    return torch.from_numpy(view)
