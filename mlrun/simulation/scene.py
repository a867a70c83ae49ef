"""The tabletop scene of the Meta-World v3 manipulation tasks: a Sawyer arm, a walled table, a puck and a goal marker.

The scene is compiled from tables and contains no mesh. What decides the motion (body tree, frames, inertias, joints,
weld, actuators, solver options and colliding geoms) carries the numbers of Meta-World v3, so trajectories agree with
the benchmark to the last bit. Static bodies stay bodies of their own for the same reason: fusing them changes
rounding, which contact amplifies. Whatever else is drawn is a primitive that never collides and weighs nothing.
"""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

import functools
from typing import Final

import mujoco
import numpy as np

from mlrun.simulation.sawyer import LINKS, SHAPES, Box, Capsule, Link, Paint, Vector

TIME_STEP: Final = 0.0025  # seconds
SUBSTEPS: Final = 5  # per control step: 80 Hz
PUCK_JOINT: Final = "puck"

# MuJoCo derives inertia from the geoms of group 4 alone (table block and claws); drawn primitives are in group 1.
_INERTIA_GROUP: Final = 4
_DRAWN_GROUP: Final = 1

_FINGER_HALF_SIZE: Final[Vector] = (0.045, 0.003, 0.015)
_FINGER_TIP: Final[Vector] = (0.045, 0.0, 0.0)
_PAINTS: Final[dict[Paint, tuple[float, float, float, float]]] = {
    "red": (0.62, 0.09, 0.11, 1.0),
    "dark": (0.16, 0.17, 0.19, 1.0),
    "steel": (0.62, 0.64, 0.67, 1.0),
    "wood": (0.76, 0.62, 0.44, 1.0),
    "screen": (0.25, 0.55, 0.75, 1.0),
}
# Where each camera stands and what it looks at.
_CAMERAS: Final[dict[str, tuple[Vector, Vector]]] = {
    "front": ((0.95, 1.75, 0.85), (0.0, 0.45, 0.15)),
    "side": ((1.5, 0.3, 0.75), (0.0, 0.45, 0.2)),
    "top": ((0.0, 0.45, 1.6), (0.0, 0.6, 0.0)),
}


@functools.cache
def scene_model() -> mujoco.MjModel:
    """The compiled scene; one per process, not to be written to."""
    spec = mujoco.MjSpec()
    _set_options(spec)
    for link in LINKS:
        _add_link(spec, link)
    _add_colliding_geoms(spec)
    _add_hand(spec)
    _add_decoration(spec)
    return spec.compile()


def _set_options(spec: mujoco.MjSpec) -> None:
    spec.modelname = "sawyer"
    spec.compiler.degree = False
    spec.compiler.inertiagrouprange = (_INERTIA_GROUP, _INERTIA_GROUP + 1)
    spec.option.timestep = TIME_STEP
    spec.option.solver = mujoco.mjtSolver.mjSOL_NEWTON
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    spec.option.iterations = 50
    spec.option.tolerance = 1e-10


def _add_link(spec: mujoco.MjSpec, link: Link) -> None:
    parent = spec.worldbody if link.parent == "world" else spec.body(link.parent)
    body = parent.add_body(name=link.name, pos=link.position, quat=link.quaternion)
    if link.inertia is not None:
        body.explicitinertial = True
        body.mass, body.inertia, body.ipos, body.iquat = link.inertia
    if link.hinge is not None:
        body.add_joint(
            name=link.hinge.name,
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=(0, 0, 1),
            limited=True,
            range=(link.hinge.low, link.hinge.high),
            damping=_per_velocity(10),
            armature=0.001,
        )


def _add_colliding_geoms(spec: mujoco.MjSpec) -> None:
    """Adds everything that can touch: the ids of these geoms keep the benchmark's order."""
    box = mujoco.mjtGeom.mjGEOM_BOX
    still = {"type": box, "contype": 0, "conaffinity": 1}
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(4, 4, 0.1),
        pos=(0, 0, -0.913),
        rgba=(0.55, 0.57, 0.6, 1.0),
    )
    spec.body("table").add_geom(name="table", size=(0.7, 0.4, 0.46), pos=(0, 0, -0.46), group=_INERTIA_GROUP, **still)
    for side, size, position in (
        ("near", (0.7, 0.01, 0.06), (0, -0.39, 0)),
        ("far", (0.7, 0.01, 0.06), (0, 0.39, 0)),
        ("left", (0.01, 0.38, 0.06), (-0.69, 0, 0)),
        ("right", (0.01, 0.38, 0.06), (0.69, 0, 0)),
    ):
        spec.body("retaining_wall").add_geom(
            name=f"wall_{side}", size=size, pos=position, rgba=_PAINTS["steel"], **still
        )
    # A mesh in the benchmark; this box has its extent.
    spec.body("right_hand").add_geom(
        name="palm",
        type=box,
        size=(0.033, 0.0528, 0.0267),
        pos=(0.00855, 0, 0.0542),
        group=_DRAWN_GROUP,
        rgba=_PAINTS["steel"],
    )
    for side in ("right", "left"):
        finger = {"type": box, "size": _FINGER_HALF_SIZE, "condim": 4, "margin": 0.001}
        spec.body(f"{side}_claw").add_geom(
            name=f"{side}_claw", group=_INERTIA_GROUP, solimp=(0.8, 0.9, 0.01, 0.5, 2), **finger
        )
        spec.body(f"{side}_pad").add_geom(
            name=f"{side}_pad",
            group=_DRAWN_GROUP,
            friction=(2, 0.1, 0.002),
            solimp=(0.95, 0.99, 0.01, 0.5, 2),
            solref=(0.01, 1),
            rgba=_PAINTS["dark"],
            **finger,
        )
    puck = spec.body("puck")
    puck.add_joint(name=PUCK_JOINT, type=mujoco.mjtJoint.mjJNT_FREE)
    puck.add_geom(
        name="puck",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=(0.02, 0.02, 0),
        friction=(1, 0.1, 0.002),
        condim=4,
        solimp=(0.99, 0.99, 0.01, 0.5, 2),
        solref=(0.01, 1),
        rgba=(0.95, 0.45, 0.1, 1.0),
    )


def _add_hand(spec: mujoco.MjSpec) -> None:
    """Adds the finger slides with their actuators, and the weld by which the mocap body leads the hand."""
    for side, name, travel in (("right", "r_close", (0, 0.04)), ("left", "l_close", (-0.03, 0))):
        claw = spec.body(f"{side}_claw")
        claw.add_joint(
            name=name,
            type=mujoco.mjtJoint.mjJNT_SLIDE,
            axis=(0, 1, 0),
            limited=True,
            range=travel,
            damping=_per_velocity(1000),
            armature=100,
        )
        claw.add_site(name=f"{side}_finger_tip", pos=_FINGER_TIP, size=(0.01, 0, 0), group=3)
        actuator = spec.add_actuator(
            name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT, ctrllimited=True, ctrlrange=(-1, 1)
        )
        actuator.set_to_position(kp=400)
    spec.body("mocap").mocap = True
    spec.add_equality(
        name="mocap_weld",
        type=mujoco.mjtEq.mjEQ_WELD,
        objtype=mujoco.mjtObj.mjOBJ_BODY,
        name1="mocap",
        name2="hand",
        solref=(0.02, 1),
        # anchor, relative position, relative quaternion, torque scale, and a last entry that the benchmark zeroes
        data=(0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 5, 0),
    )


def _per_velocity(damping: float) -> np.ndarray:
    """A joint's linear damping, as the first coefficient of MuJoCo's polynomial in the velocity."""
    return np.array([damping, 0.0, 0.0])


def _add_decoration(spec: mujoco.MjSpec) -> None:
    """Adds what is only looked at: the drawn arm and table, the goal marker, lights and cameras."""
    for shape in SHAPES:
        _add_shape(spec, shape)
    spec.worldbody.add_site(name="goal", pos=(0, 0.85, 0.175), size=(0.02, 0, 0), rgba=(0.1, 0.75, 0.25, 0.8))
    for position, direction, shadow in (((1, 1, 3), (-0.4, -0.2, -1), True), ((-1, 2, 2), (0.4, -0.6, -1), False)):
        spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            pos=position,
            dir=direction,
            diffuse=(0.35, 0.35, 0.35),
            castshadow=shadow,
        )
    for name, (position, target) in _CAMERAS.items():
        backwards = np.subtract(position, target)
        rightwards = np.cross((0.0, 0.0, 1.0), backwards)
        camera = spec.worldbody.add_camera(name=name, pos=position)
        camera.alt.type = mujoco.mjtOrientation.mjORIENTATION_XYAXES
        camera.alt.xyaxes = (*rightwards, *np.cross(backwards, rightwards))


def _add_shape(spec: mujoco.MjSpec, shape: Capsule | Box) -> None:
    drawn = {"contype": 0, "conaffinity": 0, "group": _DRAWN_GROUP, "rgba": _PAINTS[shape.paint]}
    body = spec.body(shape.body)
    match shape:
        case Capsule():
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_CAPSULE,
                fromto=(*shape.start, *shape.end),
                size=(shape.radius, 0, 0),
                **drawn,
            )
        case Box():
            body.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=shape.half_size, pos=shape.position, **drawn)
