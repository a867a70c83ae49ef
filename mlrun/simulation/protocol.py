"""What environments use of the physics. It is the same for every engine and device."""

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
    """The physics had no room for all contacts or constraints."""


class Positions(Protocol):
    """Where bodies are in every world. A reward function needs no more than this of the poses."""

    def body(self, name: str) -> Tensor:
        """The position of a body, (worlds, 3) in metres."""
        ...

    @property
    def gripper_center(self) -> Tensor:
        """The point between the finger tips, (worlds, 3) in metres. The papers call it TCP."""
        ...


class Poses:
    """The poses of a scene's bodies and sites in every world, by name.

    All tensors are live views. `Physics.forward` and `Physics.step` refresh them.

    Args:
        model: names the bodies and sites, in the order of the tensors.
        body_positions: (worlds, bodies, 3) in metres.
        site_positions: (worlds, sites, 3) in metres.
        body_rotations: (worlds, bodies, 3, 3) rotation matrices.

    Attributes:
        body_positions: as given.
        site_positions: as given.
        body_rotations: as given.
    """

    def __init__(
        self, model: mujoco.MjModel, body_positions: Tensor, site_positions: Tensor, body_rotations: Tensor
    ) -> None:
        self.body_positions, self.site_positions, self.body_rotations = body_positions, site_positions, body_rotations
        bodies = {model.body(number).name: number for number in range(model.nbody)}
        sites = {model.site(number).name: number for number in range(model.nsite)}
        self._body = {name: body_positions[:, number] for name, number in bodies.items()}
        self._site = {name: site_positions[:, number] for name, number in sites.items()}
        self._rotation = {name: body_rotations[:, number] for name, number in bodies.items()}

    def body(self, name: str) -> Tensor:
        """The position of a body, (worlds, 3) in metres."""
        return self._body[name]

    def site(self, name: str) -> Tensor:
        """The position of a site, (worlds, 3) in metres."""
        return self._site[name]

    def rotation(self, name: str) -> Tensor:
        """The orientation of a body, (worlds, 3, 3) rotation matrices."""
        return self._rotation[name]

    @property
    def gripper_center(self) -> Tensor:
        """The point between the finger tips, (worlds, 3) in metres. The papers call it TCP."""
        return (self._site["right_finger_tip"] + self._site["left_finger_tip"]) / 2


class Physics(Protocol):
    """Independent worlds of one scene that are stepped together.

    All tensors are on the engine's device and in its precision. Those that it is given must be on that device too.

    Attributes:
        scene: what there is in each world.
        num_worlds: how many worlds.
        hand_target: (worlds, 3) in metres, live: the hand follows what is written here.
        poses: of the bodies and sites.
    """

    scene: Scene
    num_worlds: int
    hand_target: Tensor
    poses: Poses

    def load(self, settled: SettledState, worlds: Tensor) -> None:
        """Puts the chosen `worlds` (worlds,) bool into a settled state. Poses are stale until `forward`."""
        ...

    def write_joint(self, joint: str, position: Tensor, worlds: Tensor) -> None:
        """Moves a joint and sets its velocities to zero. Poses are stale until `forward`.

        Args:
            joint: its name in the scene.
            position: (worlds, coordinates), the first coordinates of the joint; others stay. The first three of a free
                joint are its position in metres.
            worlds: (worlds,) bool, where to move it.
        """
        ...

    def forward(self) -> None:
        """Computes the poses of the present state. Time does not advance."""
        ...

    def step(self, gripper: Tensor) -> None:
        """Advances every world by one control step towards its `hand_target`. The poses are those of the new state.

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
        """The whole integration state of one world, float64, as `mujoco.mj_setState` takes it."""
        ...

    def pads_press(self, worlds: Tensor) -> Tensor:
        """Whether both finger pads push against the graspable object, (worlds,) bool.

        Args:
            worlds: (worlds,) bool, those to look at. The result is false in the others.
        """
        ...
