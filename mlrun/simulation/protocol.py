"""What an environment needs of the physics, whichever engine computes it and on whichever device."""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from mlrun.errors import MlrunError

if TYPE_CHECKING:
    import mujoco
    import numpy as np
    from torch import Tensor


class CapacityError(MlrunError):
    """The physics had no room for all that it had to compute."""


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

    @classmethod
    def named(cls, model: mujoco.MjModel, body: Tensor, site: Tensor, rotation: Tensor) -> Self:
        """Those among all poses of a model.

        Args:
            model: what tells their numbers.
            body: (worlds, bodies, 3) where the bodies are.
            site: (worlds, sites, 3) where the sites are.
            rotation: (worlds, bodies, 3, 3) how the bodies are turned.
        """
        puck = model.body("puck").id
        return cls(
            *(body[:, model.body(name).id] for name in ("hand", "right_claw", "left_claw", "right_pad", "left_pad")),
            *(site[:, model.site(name).id] for name in ("right_finger_tip", "left_finger_tip")),
            puck=body[:, puck],
            puck_rotation=rotation[:, puck],
        )

    @property
    def gripper_center(self) -> Tensor:
        """The point between the finger tips, (worlds, 3); the papers' TCP."""
        return (self.right_finger_tip + self.left_finger_tip) / 2


class Physics(Protocol):
    """Worlds of the Sawyer scene that are stepped together and do not touch one another.

    Its tensors are on the engine's device and in its precision; those that it is given must be on that device, too.

    Attributes:
        num_worlds: how many worlds.
        hand_target: (worlds, 3) where the hand is led to, in metres, live: writing moves the target.
        poses: where things are.
    """

    num_worlds: int
    hand_target: Tensor
    poses: Poses

    def load_settled(self, worlds: Tensor) -> None:
        """Puts those `worlds` (worlds,) that are true into the settled state; poses are stale until `forward`."""
        ...

    def place_puck(self, position: Tensor, worlds: Tensor) -> None:
        """Moves the puck of `worlds` to their `position` (worlds, 3), at rest; poses are stale until `forward`."""
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
        """How often the engine has warned since `load_settled`, (worlds,) whole numbers by MuJoCo's names for it.

        After "BADQPOS", "BADQVEL" or "BADQACC" what a world shows means nothing.

        Raises:
            CapacityError: the engine had no room for all contacts, so worlds did not move as they should.
        """
        ...

    def state(self, world: int) -> np.ndarray:
        """The whole integration state of one world, as `mujoco.mj_setState` takes it, float64."""
        ...

    def pads_press_on_puck(self, worlds: Tensor) -> Tensor:
        """Whether both finger pads push against the puck, (worlds,) bool; false where `worlds` (worlds,) is."""
        ...
