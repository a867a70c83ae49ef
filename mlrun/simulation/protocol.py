"""What an environment needs of the physics, whichever engine computes it and on whichever device."""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mlrun.errors import MlrunError
from mlrun.simulation.scene import Scene, SettledState

if TYPE_CHECKING:
    import mujoco
    import numpy as np
    from torch import Tensor


class CapacityError(MlrunError):
    """The physics had no room for all that it had to compute."""


class Poses:
    """Where the named things of a scene are in every world, in metres, as live views.

    Each call on the physics refreshes them.

    Args:
        model: what tells the numbers of bodies and sites.
        body: (worlds, bodies, 3) where the bodies are.
        site: (worlds, sites, 3) where the sites are.
        rotation: (worlds, bodies, 3, 3) how the bodies are turned.

    Attributes:
        body_positions: those of all bodies.
        site_positions: those of all sites.
        body_rotations: those of all bodies.
    """

    def __init__(self, model: mujoco.MjModel, body: Tensor, site: Tensor, rotation: Tensor) -> None:
        self.body_positions, self.site_positions, self.body_rotations = body, site, rotation
        self._body = {model.body(number).name: body[:, number] for number in range(model.nbody)}
        self._site = {model.site(number).name: site[:, number] for number in range(model.nsite)}
        self._rotation = {model.body(number).name: rotation[:, number] for number in range(model.nbody)}

    def body(self, name: str) -> Tensor:
        """Where a body is, (worlds, 3)."""
        return self._body[name]

    def site(self, name: str) -> Tensor:
        """Where a site is, (worlds, 3)."""
        return self._site[name]

    def rotation(self, name: str) -> Tensor:
        """How a body is turned, (worlds, 3, 3) rotation matrices."""
        return self._rotation[name]

    @property
    def gripper_center(self) -> Tensor:
        """The point between the finger tips, (worlds, 3); the papers' TCP."""
        return (self._site["right_finger_tip"] + self._site["left_finger_tip"]) / 2


class Physics(Protocol):
    """Worlds of one scene that are stepped together and do not touch one another.

    Its tensors are on the engine's device and in its precision; those that it is given must be on that device, too.

    Attributes:
        scene: what there is in each world.
        num_worlds: how many worlds.
        hand_target: (worlds, 3) where the hand is led to, in metres, live: writing moves the target.
        poses: where things are.
    """

    scene: Scene
    num_worlds: int
    hand_target: Tensor
    poses: Poses

    def load(self, settled: SettledState, worlds: Tensor) -> None:
        """Put those `worlds` (worlds,) that are true into a settled state; poses are stale until `forward`."""
        ...

    def write_joint(self, joint: str, position: Tensor, worlds: Tensor) -> None:
        """Move a joint of `worlds` (worlds,), at rest; poses are stale until `forward`.

        Args:
            joint: its name in the scene.
            position: (worlds, coordinates), the first coordinates of the joint: of a free joint 3 are its place.
            worlds: (worlds,) bool, which ones.
        """
        ...

    def forward(self) -> None:
        """Refreshes the poses from the state, without advancing time."""
        ...

    def step(self, gripper: Tensor) -> None:
        """Advances every world by one control step towards its `hand_target`; poses are those of the new state.

        Args:
            gripper: (worlds,) closing effort of the fingers, -1 (open) to 1 (closed).
        """
        ...

    def warnings(self) -> dict[str, Tensor]:
        """How often the engine has warned since `load`, (worlds,) whole numbers by MuJoCo's names for it.

        After "BADQPOS", "BADQVEL" or "BADQACC" what a world shows means nothing.

        Raises:
            CapacityError: the engine had no room for all contacts, so worlds did not move as they should.
        """
        ...

    def state(self, world: int) -> np.ndarray:
        """The whole integration state of one world, as `mujoco.mj_setState` takes it, float64."""
        ...

    def pads_press(self, worlds: Tensor) -> Tensor:
        """Whether both finger pads push against the graspable object, (worlds,) bool; false where `worlds` is."""
        ...


def joint_numbers(model: mujoco.MjModel, joint: str) -> tuple[int, slice]:
    """Where the coordinates of a joint begin in ``qpos``, and where its velocities are in ``qvel``."""
    found = model.joint(joint)
    velocity, size = int(found.dofadr[0]), {0: 6, 1: 3}.get(int(found.type[0]), 1)  # free, ball; slide and hinge
    return int(found.qposadr[0]), slice(velocity, velocity + size)
