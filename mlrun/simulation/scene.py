"""A scene as a value: its compiled models, and the states that episodes start from."""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import mujoco
import numpy as np
import torch
from torch import Tensor

TIME_STEP: Final = 0.0025  # seconds
SUBSTEPS: Final = 5  # per control step: 80 Hz

Position = tuple[float, float, float]
"""Metres."""

_HAND_QUATERNION: Final = (1.0, 0.0, 1.0, 0.0)  # w, x, y, z: the fingers point down
_SETTLE_STEPS: Final = 50  # control steps
_STRONGEST: Final = 2  # MuJoCo's number for: of several contacts, report the one with the largest force
_VELOCITIES: Final = {0: 6, 1: 3}  # of a free joint and of a ball; slides and hinges have one


@dataclass(frozen=True, eq=False)
class SettledState:
    """A state that episodes start from: the hand is at its home, at rest, with open fingers.

    The positions are those of one substep before `state`, as Meta-World reads them.

    Attributes:
        state: the whole integration state of one world, with the solver's warm start, float64.
        bodies: the position of each body by its name, (3,) in metres, float64.
        sites: the position of each site by its name, (3,) in metres, float64.
    """

    state: np.ndarray
    bodies: dict[str, Tensor]
    sites: dict[str, Tensor]

    @property
    def gripper_center(self) -> Tensor:
        """The point between the finger tips, (3,) in metres."""
        return (self.sites["right_finger_tip"] + self.sites["left_finger_tip"]) / 2


@dataclass(frozen=True, eq=False)
class Scene:
    """What there is in a world: an arm and the objects around it.

    A scene has one mocap body, which leads the hand, and two actuators, which close the fingers. Each of its models is
    compiled once per process. Nobody may write to them.

    Attributes:
        name: for messages.
        make_spec: makes the scene before it is compiled, with everything that moves, touches or weighs.
        decorate: adds what is only drawn.
        graspable: the name of the geom that the finger pads can hold; None if there is none.
    """

    name: str
    make_spec: Callable[[], mujoco.MjSpec]
    decorate: Callable[[mujoco.MjSpec], None]
    graspable: str | None = None

    @functools.cached_property
    def model(self) -> mujoco.MjModel:
        """The model that the physics steps."""
        return self.make_spec().compile()

    @functools.cached_property
    def drawn_model(self) -> mujoco.MjModel:
        """The model that is drawn. What is only looked at would slow stepping by a twentieth."""
        spec = self.make_spec()
        self.decorate(spec)
        return spec.compile()

    @functools.cached_property
    def kinematic_model(self) -> mujoco.MjModel:
        """The model that computes poses. It lacks contacts, constraints and empty end links: no pose needs them."""
        spec = self.make_spec()
        disabled = mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_CONSTRAINT
        spec.option.disableflags |= disabled
        for body in reversed(spec.bodies):  # children before their parents
            is_empty = not (body.bodies or body.joints or body.geoms)
            if is_empty:
                spec.delete(body)
        return spec.compile()

    @functools.cached_property
    def grasp_model(self) -> mujoco.MjModel:
        """The model with a sensor on each finger pad, for its strongest contact force on the graspable geom."""
        spec = self.make_spec()
        for side in ("left", "right"):
            spec.add_sensor(
                type=mujoco.mjtSensor.mjSENS_CONTACT,
                objtype=mujoco.mjtObj.mjOBJ_GEOM,
                objname=f"{side}_pad",
                reftype=mujoco.mjtObj.mjOBJ_GEOM,
                refname=self.graspable,
                intprm=(1 << mujoco.mjtConDataField.mjCONDATA_FORCE.value, _STRONGEST, 1),
            )
        return spec.compile()

    def settled(self, hand_home: Position) -> SettledState:
        """The state in which the hand has settled at `hand_home` with open fingers. Found once per process."""
        return _settle(self, hand_home)

    def joint_addresses(self, joint: str) -> tuple[int, slice]:
        """Where the coordinates of a joint begin in ``qpos``, and where its velocities are in ``qvel``."""
        found = self.model.joint(joint)
        velocity, size = int(found.dofadr[0]), _VELOCITIES.get(int(found.type[0]), 1)
        return int(found.qposadr[0]), slice(velocity, velocity + size)


@functools.cache
def _settle(scene: Scene, hand_home: Position) -> SettledState:
    model = scene.model
    data = mujoco.MjData(model)
    for _ in range(_SETTLE_STEPS):
        data.mocap_pos[:] = hand_home
        data.mocap_quat[:] = _HAND_QUATERNION
        data.ctrl[:] = (-1.0, 1.0)
        mujoco.mj_step(model, data, SUBSTEPS)
    kind = mujoco.mjtState.mjSTATE_INTEGRATION.value
    state = np.empty(mujoco.mj_stateSize(model, kind))
    mujoco.mj_getState(model, data, state, kind)
    bodies = {model.body(number).name: torch.from_numpy(position.copy()) for number, position in enumerate(data.xpos)}
    sites = {
        model.site(number).name: torch.from_numpy(position.copy()) for number, position in enumerate(data.site_xpos)
    }
    return SettledState(state, bodies, sites)
