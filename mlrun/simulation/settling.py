"""The state that every episode starts from: the hand at home over the table, at rest."""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

import functools
from dataclasses import dataclass
from typing import Final

import mujoco
import numpy as np
import torch
from torch import Tensor

from mlrun.simulation.scene import SUBSTEPS, scene_model

HAND_HOME: Final = (0.0, 0.6, 0.2)  # metres: where the hand settles before every episode
_HAND_QUATERNION: Final = (1.0, 0.0, 1.0, 0.0)
_SETTLE_STEPS: Final = 50  # control steps


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
