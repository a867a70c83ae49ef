"""The scene of Meta-World v3's reach, push and pick-place: a Sawyer arm, a walled table and a puck.

The scene is compiled from tables and contains no mesh. Everything that decides the motion has the numbers of Meta-World
v3: body tree, frames, inertias, joints, weld, actuators, solver options and colliding geoms. So trajectories agree with
the benchmark to the last bit. Static bodies are not fused for the same reason: fusing changes rounding, and contact
amplifies that. All other drawn shapes are primitives that never collide and weigh nothing.
"""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

from typing import Final

import mujoco
import numpy as np

from mlrun.simulation.decoration import DRAWN_GROUP, add_materials, decorate
from mlrun.simulation.sawyer import LINKS, Link, Vector
from mlrun.simulation.scene import TIME_STEP, Scene

PUCK: Final = "puck"
"""The name of the puck's body, of its geom and of its free joint."""

# The table block and the claws. MuJoCo derives inertia from the geoms of this group alone, and they are not drawn.
_INERTIA_GROUP: Final = 4

_FINGER_HALF_SIZE: Final[Vector] = (0.045, 0.003, 0.015)
_FINGER_TIP: Final[Vector] = (0.045, 0.0, 0.0)


def _make_spec() -> mujoco.MjSpec:
    """Makes the scene before it is compiled."""
    spec = mujoco.MjSpec()
    _set_options(spec)
    for link in LINKS:
        _add_link(spec, link)
    add_materials(spec)
    _add_colliding_geoms(spec)
    _add_hand(spec)
    return spec


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
    # The midphase searches for pairs of geoms that may touch. With so few geoms it takes longer than trying all pairs.
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_MIDPHASE.value


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
    """Adds all geoms that can touch. Their ids are in the benchmark's order."""
    box = mujoco.mjtGeom.mjGEOM_BOX
    still = {"type": box, "contype": 0, "conaffinity": 1}
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(4, 4, 0.1),
        pos=(0, 0, -0.913),
        material="floor",
    )
    spec.body("table").add_geom(name="table", size=(0.7, 0.4, 0.46), pos=(0, 0, -0.46), group=_INERTIA_GROUP, **still)
    for side, size, position in (
        ("near", (0.7, 0.01, 0.06), (0, -0.39, 0)),
        ("far", (0.7, 0.01, 0.06), (0, 0.39, 0)),
        ("left", (0.01, 0.38, 0.06), (-0.69, 0, 0)),
        ("right", (0.01, 0.38, 0.06), (0.69, 0, 0)),
    ):
        spec.body("retaining_wall").add_geom(name=f"wall_{side}", size=size, pos=position, material="trim", **still)
    # The benchmark has a mesh here. This box has the same extent.
    spec.body("right_hand").add_geom(
        name="palm",
        type=box,
        size=(0.033, 0.0528, 0.0267),
        pos=(0.00855, 0, 0.0542),
        group=DRAWN_GROUP,
        material="steel",
    )
    for side in ("right", "left"):
        finger = {"type": box, "size": _FINGER_HALF_SIZE, "condim": 4, "margin": 0.001}
        spec.body(f"{side}_claw").add_geom(
            name=f"{side}_claw", group=_INERTIA_GROUP, solimp=(0.8, 0.9, 0.01, 0.5, 2), **finger
        )
        spec.body(f"{side}_pad").add_geom(
            name=f"{side}_pad",
            group=DRAWN_GROUP,
            friction=(2, 0.1, 0.002),
            solimp=(0.95, 0.99, 0.01, 0.5, 2),
            solref=(0.01, 1),
            material="dark",
            **finger,
        )
    puck = spec.body("puck")
    puck.add_joint(name=PUCK, type=mujoco.mjtJoint.mjJNT_FREE)
    puck.add_geom(
        name="puck",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=(0.02, 0.02, 0),
        friction=(1, 0.1, 0.002),
        condim=4,
        solimp=(0.99, 0.99, 0.01, 0.5, 2),
        solref=(0.01, 1),
        material="puck",
    )


def _add_hand(spec: mujoco.MjSpec) -> None:
    """Adds the finger slides with their actuators, and the weld with which the mocap body leads the hand."""
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
        # anchor, relative position, relative quaternion, torque scale, and a last entry that the benchmark sets to zero
        data=(0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 5, 0),
    )


def _per_velocity(damping: float) -> np.ndarray:
    """Linear damping of a joint: the first coefficient of MuJoCo's polynomial in the velocity."""
    return np.array([damping, 0.0, 0.0])


SAWYER_AND_PUCK: Final = Scene("Sawyer and puck", _make_spec, decorate, graspable=PUCK)
"""The scene of reach, push and pick-place."""
