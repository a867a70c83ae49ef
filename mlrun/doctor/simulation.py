"""Torch, MuJoCo, and the scene really stepped."""

import importlib
import os
from collections.abc import Iterator

from mlrun.doctor.finding import BROKEN, OK, Finding

_WORLDS = 4
_STEPS = 5


def check_torch() -> Iterator[Finding]:
    """Whether torch computes and differentiates."""
    import torch

    x = torch.ones(3, requires_grad=True)
    (gradient,) = torch.autograd.grad((x * x).sum(), x)
    if gradient.tolist() == [2.0, 2.0, 2.0]:
        yield Finding("torch", torch.__version__)
    else:
        yield Finding("torch", f"{torch.__version__} computes a wrong gradient", BROKEN, "install torch anew")


def check_simulation() -> Iterator[Finding]:
    """MuJoCo, and with it the scene."""
    loading = check_mujoco()
    yield loading
    if loading.status == OK:
        yield check_scene()


def check_mujoco() -> Finding:
    """Whether MuJoCo loads, with the part that steps many worlds at once."""
    for name in ("mujoco", "mujoco.batch"):
        try:
            importlib.import_module(name)
        except Exception as error:  # of whatever kind a missing library brings about
            drawing = os.environ.get("MUJOCO_GL")
            remedy = f"try without MUJOCO_GL={drawing}" if drawing else "install mujoco>=4.0"
            first_line = str(error).partition("\n")[0]
            return Finding("mujoco", f"{name} does not load: {first_line}", BROKEN, remedy)
    return Finding("mujoco", importlib.import_module("mujoco").__version__)


def check_scene() -> Finding:
    """Whether the Sawyer scene steps, and a hand goes where it is told to."""
    import torch

    from mlrun.benchmarks.metaworld.family import HAND_HOME
    from mlrun.simulation.cpu import CPUPhysics
    from mlrun.simulation.tabletop import SAWYER_AND_PUCK

    physics = CPUPhysics(SAWYER_AND_PUCK, _WORLDS)
    physics.load(SAWYER_AND_PUCK.settled(HAND_HOME), torch.ones(_WORLDS, dtype=torch.bool))
    physics.forward()
    before = physics.poses.body("hand").clone()
    for _ in range(_STEPS):
        physics.hand_target[:, 0] += 0.01
        physics.step(torch.zeros(_WORLDS, dtype=torch.float64))
    moved = physics.poses.body("hand") - before
    if bool(((moved[:, 0] > 0.001) & (moved.norm(dim=-1) < 0.1)).all()):
        return Finding("scene", f"{_WORLDS} worlds stepped {_STEPS} times")
    text = f"the hand moved by {moved[0].tolist()} m, and not a little along x"
    return Finding("scene", text, BROKEN, "install the pinned mujoco")
