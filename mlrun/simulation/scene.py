"""A scene as a value: what is compiled, what state episodes start from, and what is drawn."""

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

_HAND_QUATERNION: Final = (1.0, 0.0, 1.0, 0.0)
_SETTLE_STEPS: Final = 50  # control steps
_STRONGEST: Final = 2  # MuJoCo's number for reporting, of several contacts, the one with the largest force


@dataclass(frozen=True, eq=False)
class SettledState:
    """A state that episodes start from: the hand at its home, at rest, with open fingers.

    Attributes:
        state: the whole integration state of one world, solver warm start included.
        bodies: where each named body is, (3,). As in Meta-World it is read one substep before `state`.
        sites: where each named site is, (3,), likewise.
    """

    state: np.ndarray
    bodies: dict[str, Tensor]
    sites: dict[str, Tensor]

    @property
    def gripper_center(self) -> Tensor:
        """The point between the finger tips, (3,)."""
        return (self.sites["right_finger_tip"] + self.sites["left_finger_tip"]) / 2


@dataclass(frozen=True, eq=False)
class Scene:
    """One scene that worlds can be made of.

    It has one mocap body, which leads the hand, and two actuators, which close the fingers. Each model is
    compiled once per process, and must not be written to.

    Attributes:
        name: for messages.
        make_spec: makes the scene before it is compiled. It has all that moves, touches or weighs.
        decorate: adds what is only looked at.
        graspable: the geom of the object that the finger pads can hold; None where there is none.
    """

    name: str
    make_spec: Callable[[], mujoco.MjSpec]
    decorate: Callable[[mujoco.MjSpec], None]
    graspable: str | None = None

    @functools.cached_property
    def model(self) -> mujoco.MjModel:
        """The model that is stepped."""
        return self.make_spec().compile()

    @functools.cached_property
    def drawn_model(self) -> mujoco.MjModel:
        """The model with what is only looked at, which would slow stepping by a twentieth."""
        spec = self.make_spec()
        self.decorate(spec)
        return spec.compile()

    @functools.cached_property
    def kinematic_model(self) -> mujoco.MjModel:
        """The model without contacts, constraints and links at the ends, which no pose depends on."""
        spec = self.make_spec()
        disabled = mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_CONSTRAINT
        spec.option.disableflags |= disabled
        for body in reversed(spec.bodies):  # children come after their parents
            bears_nothing = not (body.bodies or body.joints or body.geoms)
            if bears_nothing:
                spec.delete(body)
        return spec.compile()

    @functools.cached_property
    def grasp_model(self) -> mujoco.MjModel:
        """The model with a sensor on each finger pad for its strongest contact's force on the graspable geom."""
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
        """The state in which the hand has settled at a place with open fingers; found once per process."""
        return _settle(self, hand_home)


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
    bodies = {model.body(number).name: torch.from_numpy(place.copy()) for number, place in enumerate(data.xpos)}
    sites = {model.site(number).name: torch.from_numpy(place.copy()) for number, place in enumerate(data.site_xpos)}
    return SettledState(state, bodies, sites)
