"""CPU physics: many worlds of the Sawyer scene, stepped together on threads by `mujoco.batch`."""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

import mujoco
import numpy as np
import torch
from mujoco.batch import Batch
from torch import Tensor

from mlrun.simulation.scene import PUCK_JOINT, SUBSTEPS, scene, scene_model

HAND_HOME: Final = (0.0, 0.6, 0.2)  # metres: where the hand settles before every episode
_HAND_QUATERNION: Final = (1.0, 0.0, 1.0, 0.0)
_SETTLE_STEPS: Final = 50  # control steps
_WARNINGS: Final = {
    name.removeprefix("mjWARN_"): kind.value
    for name, kind in mujoco.mjtWarning.__members__.items()
    if name.startswith("mjWARN_")
}
_STRONGEST: Final = 2  # MuJoCo's number for reporting, of several contacts, the one with the largest force


class Poses(NamedTuple):
    """Where things are in every world, in metres, as live views that each call on the physics refreshes.

    Attributes:
        hand: (worlds, 3)
        right_claw: (worlds, 3)
        left_claw: (worlds, 3)
        right_pad: (worlds, 3)
        left_pad: (worlds, 3)
        right_finger_tip: (worlds, 3)
        left_finger_tip: (worlds, 3)
        puck: (worlds, 3)
        puck_rotation: (worlds, 3, 3) rotation matrix
    """

    hand: Tensor
    right_claw: Tensor
    left_claw: Tensor
    right_pad: Tensor
    left_pad: Tensor
    right_finger_tip: Tensor
    left_finger_tip: Tensor
    puck: Tensor
    puck_rotation: Tensor

    @property
    def gripper_center(self) -> Tensor:
        """The point between the finger tips, (worlds, 3); the papers' TCP."""
        return (self.right_finger_tip + self.left_finger_tip) / 2


@dataclass(frozen=True)
class SettledState:
    """The state that every episode starts from, the same for every task.

    Attributes:
        state: the whole integration state of one world, solver warm start included.
        gripper_center: (3,) as Meta-World reads it while settling, which is one substep before `state`.
        puck_height: z of the puck at rest on the table, read at the same moment.
    """

    state: np.ndarray
    gripper_center: Tensor
    puck_height: float


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
        self.poses = self._bind_poses()

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

    def _bind_poses(self) -> Poses:
        model = _kinematic_model()
        body, site = _tensor(self._kinematics.bind("xpos")), _tensor(self._kinematics.bind("site_xpos"))
        rotation = _tensor(self._kinematics.bind("xmat"))
        return Poses(
            *(body[:, model.body(name).id] for name in ("hand", "right_claw", "left_claw", "right_pad", "left_pad")),
            *(site[:, model.site(name).id] for name in ("right_finger_tip", "left_finger_tip")),
            puck=body[:, model.body("puck").id],
            puck_rotation=rotation[:, model.body("puck").id].unflatten(-1, (3, 3)),
        )


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
def settled_state() -> SettledState:
    """Lets the hand settle at `HAND_HOME` with open fingers, once per process."""
    model = scene_model()
    data = mujoco.MjData(model)
    for _ in range(_SETTLE_STEPS):
        data.mocap_pos[:] = HAND_HOME
        data.mocap_quat[:] = _HAND_QUATERNION
        data.ctrl[:] = (-1.0, 1.0)
        mujoco.mj_step(model, data, SUBSTEPS)
    kind = mujoco.mjtState.mjSTATE_INTEGRATION.value
    state = np.empty(mujoco.mj_stateSize(model, kind))
    mujoco.mj_getState(model, data, state, kind)
    tips = data.site("right_finger_tip").xpos, data.site("left_finger_tip").xpos
    return SettledState(
        state=state,
        gripper_center=torch.from_numpy((tips[0] + tips[1]) / 2),
        puck_height=float(data.body("puck").xpos[2]),
    )


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
