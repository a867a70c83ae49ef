"""GPU physics: many worlds of one scene, stepped together by MuJoCo Warp.

The scene, its solver and its friction are those of the CPU physics. Three things differ. Numbers are float32, so the
solver stops at a tolerance of 1e-6. The weld that leads the hand takes its velocities from the substep before. A world
in which a number grows too large stays as it is.
"""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

import copy
import functools
from collections.abc import Callable
from typing import Final

import mujoco
import mujoco_warp
import numpy as np
import torch
import warp
from mujoco_warp import OverflowType
from torch import Tensor

from mlrun.simulation.protocol import CapacityError, Poses
from mlrun.simulation.scene import SUBSTEPS, Scene, SettledState

# A world's future depends on these fields: the part of the integration state that is ever written, and the velocities
# of the substep before, which Warp uses for the weld.
_VELOCITIES: Final = ("cvel", "cdof_dot")
_STATE: Final = ("time", "qpos", "qvel", "qacc_warmstart", "ctrl", "mocap_pos", "mocap_quat", *_VELOCITIES)
_FIELD_OF_WARNING: Final = {"BADQPOS": "qpos", "BADQVEL": "qvel", "BADQACC": "qacc_warmstart"}
_CAPACITY_FLAGS: Final = OverflowType.NEFC | OverflowType.BROADPHASE | OverflowType.NARROWPHASE | OverflowType.CCD


class WarpPhysics:
    """The `Physics` of worlds on a GPU, in float32.

    A GPU finds contacts and adds them up in no fixed order. So trajectories with contacts differ a little from run to
    run. Warp has settings for a fixed order, but those for contacts and constraints do nothing as yet.

    Args:
        scene: what there is in each world.
        num_worlds: how many worlds.
        device: Warp's name of the device, as "cuda:0" or "cpu"; None is the first GPU, or the CPU if there is none.
        contacts: room for contacts per world, shared by all worlds. In random, scripted and clumsy episodes a world
            had at most 20 contacts, and the mean over worlds was at most 7.
        rows: room for rows of constraints in each world. In those episodes a world had at most 89.
    """

    def __init__(
        self, scene: Scene, num_worlds: int, device: str | None = None, *, contacts: int = 24, rows: int = 128
    ):
        warp.config.log_level = warp.LOG_WARNING  # lower levels write to standard output
        self.scene = scene
        self.num_worlds = num_worlds
        self._device = warp.get_device(device) if device else warp.get_preferred_device()
        model = _supported_model(scene)
        with warp.ScopedDevice(self._device):
            self._model = mujoco_warp.put_model(model)
            self._model.opt.warn_overflow = OverflowType.NONE  # these warnings too would be written there
            self._data = mujoco_warp.make_data(model, nworld=num_worlds, nconmax=contacts, njmax=rows)
        self._state = {name: warp.to_torch(getattr(self._data, name)) for name in _STATE}
        self._settled: dict[SettledState, dict[str, Tensor]] = {}
        self._overflow = warp.to_torch(self._data.overflow)
        self.hand_target = self._state["mocap_pos"][:, 0]
        self.poses = Poses(model, *map(warp.to_torch, (self._data.xpos, self._data.site_xpos, self._data.xmat)))
        self._advance = self._as_one_launch(self._control_step)
        self._refresh = self._as_one_launch(lambda: mujoco_warp.kinematics(self._model, self._data))
        warp.synchronize_device(self._device)  # torch uses another stream

    def load(self, settled: SettledState, worlds: Tensor) -> None:
        """Puts the chosen `worlds` (worlds,) bool into a settled state. Poses are stale until `forward`."""
        if settled not in self._settled:
            fields = _fields_of(self.scene, settled)
            self._settled[settled] = {name: field.to(self._state[name]) for name, field in fields.items()}
        for name, field in self._settled[settled].items():
            _assign(self._state[name], field, worlds)
        self._overflow.masked_fill_(worlds, 0)

    def write_joint(self, joint: str, position: Tensor, worlds: Tensor) -> None:
        """Moves a joint of the chosen `worlds` (worlds,) bool to `position` (worlds, coordinates). See `Physics`."""
        start, velocities = self.scene.joint_addresses(joint)
        _assign(self._state["qpos"][:, start : start + position.shape[1]], position, worlds)
        self._state["qvel"][:, velocities].masked_fill_(worlds[:, None], 0.0)

    def forward(self) -> None:
        """Computes the poses of the present state. Time does not advance."""
        self._refresh()

    def step(self, gripper: Tensor) -> None:
        """Advances every world by one control step towards its `hand_target`. The poses are those of the new state.

        Args:
            gripper: (worlds,) closing effort of the fingers, -1 (open) to 1 (closed).
        """
        control = self._state["ctrl"]
        control[:, 0] = gripper
        torch.neg(control[:, 0], out=control[:, 1])
        self._advance()

    def warnings(self) -> dict[str, Tensor]:
        """Whether a world holds a number that is too large or not finite, (worlds,) 0 or 1 by MuJoCo's names for it.

        MuJoCo on the CPU resets such a world. Warp leaves it as it is.

        Raises:
            CapacityError: there were more contacts, or more rows of constraints, than there is room for.
        """
        bad = {name: ~(self._state[field].abs() < mujoco.mjMAXVAL).all(1) for name, field in _FIELD_OF_WARNING.items()}
        overflow = (self._overflow & _CAPACITY_FLAGS).cpu().numpy()
        if overflow.any() and not torch.stack([*bad.values()]).any():
            flags, count = OverflowType(int(np.bitwise_or.reduce(overflow))), np.count_nonzero(overflow)
            where = f"{count} of {self.num_worlds} worlds ({flags.name})"
            raise CapacityError(f"the physics ran out of room in {where}; physics 'cpu' has no such limit")
        return {name: where.to(torch.int32) for name, where in bad.items()}

    def state(self, world: int) -> np.ndarray:
        """The whole integration state of one world, float64, as `mujoco.mj_setState` takes it."""
        model = _supported_model(self.scene)
        data, kind = mujoco.MjData(model), mujoco.mjtState.mjSTATE_INTEGRATION.value
        data.time = float(self._state["time"][world])
        for name in set(_STATE) - {"time"}:
            getattr(data, name)[:] = self._state[name][world].cpu()
        state = np.empty(mujoco.mj_stateSize(model, kind))
        mujoco.mj_getState(model, data, state, kind)
        return state

    def pads_press(self, worlds: Tensor) -> Tensor:
        """Whether both finger pads push against the graspable object, (worlds,) bool. False where `worlds` is false.

        Stepping leaves no forces of the present state. To compute them takes about a fifth of a control step.
        """
        self._compute_forces()
        contact, model = self._data.contact, _supported_model(self.scene)
        world, row = warp.to_torch(contact.worldid).long(), warp.to_torch(contact.efc_address)[:, 0].long()
        force, geoms = warp.to_torch(self._data.efc.force), warp.to_torch(contact.geom)
        is_used = torch.arange(len(world), device=world.device) < warp.to_torch(self._data.nacon)
        pushes = is_used & (row >= 0) & (force[world, row.clamp(0, force.shape[1] - 1)] > 0)
        of_object = pushes & (geoms == model.geom(self.scene.graspable).id).any(1)
        for side in ("left", "right"):
            of_pad = of_object & (geoms == model.geom(f"{side}_pad").id).any(1)
            worlds = worlds & (torch.zeros_like(worlds, dtype=torch.int32).index_add_(0, world, of_pad.int()) > 0)
        return worlds

    @functools.cached_property
    def _compute_forces(self) -> Callable[[], None]:
        """Computes the forces of the present state. The velocities stay those of the substep before."""

        def forward() -> None:
            velocities = [getattr(self._data, name) for name in _VELOCITIES]
            kept = [warp.clone(velocity) for velocity in velocities]
            mujoco_warp.forward(self._model, self._data)
            for velocity, before in zip(velocities, kept, strict=True):
                warp.copy(velocity, before)

        return self._as_one_launch(forward)

    def _control_step(self) -> None:
        for _ in range(SUBSTEPS):
            mujoco_warp.step(self._model, self._data)
        mujoco_warp.kinematics(self._model, self._data)

    def _as_one_launch(self, work: Callable[[], None]) -> Callable[[], None]:
        """Records all that `work` launches as one graph. Each call of the result runs it on torch's current stream."""
        with warp.ScopedDevice(self._device), warp.ScopedCapture() as capture:
            work()
        graph = capture.graph
        assert graph is not None
        if not self._device.is_cuda:
            return lambda: warp.capture_launch(graph)
        device = warp.device_to_torch(self._device)
        return lambda: warp.capture_launch(graph, warp.stream_from_torch(torch.cuda.current_stream(device)))


@functools.cache
def _supported_model(scene: Scene) -> mujoco.MjModel:
    """The scene's model without a flag that Warp does not know. Warp tries all pairs of geoms anyway."""
    model = copy.copy(scene.model)
    model.opt.disableflags &= ~mujoco.mjtDisableBit.mjDSBL_MIDPHASE.value
    return model


def _fields_of(scene: Scene, settled: SettledState) -> dict[str, Tensor]:
    """The fields of `_STATE` in a settled state, float64."""
    model = _supported_model(scene)
    data = mujoco.MjData(model)
    mujoco.mj_setState(model, data, settled.state, mujoco.mjtState.mjSTATE_INTEGRATION.value)
    mujoco.mj_forward(model, data)
    return {name: torch.as_tensor(getattr(data, name)) for name in _STATE}


def _assign(field: Tensor, values: Tensor, worlds: Tensor) -> None:
    """Writes `values` to the chosen worlds of a field.

    It never asks how many worlds are chosen: for the answer, the host would have to wait for the GPU.

    Args:
        field: (worlds, ...)
        values: (...) for every world, or (worlds, ...).
        worlds: (worlds,) bool.
    """
    chosen = worlds.view(-1, *(1 for _ in field.shape[1:]))
    field.copy_(torch.where(chosen, values, field))
