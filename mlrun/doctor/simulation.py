"""Checks that MuJoCo loads, that it steps the scene, and that it draws a frame."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from mlrun.doctor.finding import BROKEN, NOTE, OK, Finding

if TYPE_CHECKING:
    from mlrun.simulation.cpu import CPUPhysics

_WORLDS = 4
_STEPS = 5
_FRAME_SIDE = 64  # pixels
_DRAWING_TIMEOUT = 15.0  # seconds after the start; software renderers on busy machines take a few
_DRAWING_COMMAND = [sys.executable, "-c", "from mlrun.doctor.simulation import draw_frame; draw_frame()"]


def check_simulation() -> Iterator[Finding]:
    """Checks MuJoCo and, if it loads, the scene."""
    loading = check_mujoco()
    yield loading
    if loading.status == OK:
        yield check_scene()


def check_mujoco() -> Finding:
    """Checks that MuJoCo loads, and the part of it that steps many worlds at once."""
    for name in ("mujoco", "mujoco.batch"):
        try:
            importlib.import_module(name)
        except Exception as error:  # a missing library can raise errors of many types
            backend = os.environ.get("MUJOCO_GL")
            remedy = f"try without MUJOCO_GL={backend}" if backend else "install mujoco>=4.0"
            first_line = str(error).partition("\n")[0]
            return Finding("mujoco", f"{name} does not load: {first_line}", BROKEN, remedy)
    return Finding("mujoco", importlib.import_module("mujoco").__version__)


def check_scene() -> Finding:
    """Checks that the Sawyer scene steps, and that the hand follows its target."""
    import torch

    physics = _settled_worlds(_WORLDS)
    before = physics.poses.body("hand").clone()
    for _ in range(_STEPS):
        physics.hand_target[:, 0] += 0.01
        physics.step(torch.zeros(_WORLDS, dtype=torch.float64))
    moved = physics.poses.body("hand") - before
    if bool(((moved[:, 0] > 0.001) & (moved.norm(dim=-1) < 0.1)).all()):
        return Finding("scene", f"{_WORLDS} worlds stepped {_STEPS} times")
    text = f"the hand moved by {moved[0].tolist()} m instead of a little along x"
    return Finding("scene", text, BROKEN, "install the pinned mujoco")


class DrawingProcess:
    """A process that draws one frame. It starts at once.

    Drawing has its own process, because a graphics driver that crashes ends the process that it is in.
    """

    def __init__(self) -> None:
        self._deadline = time.monotonic() + _DRAWING_TIMEOUT
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            _DRAWING_COMMAND, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        )

    def check(self) -> Iterator[Finding]:
        """Waits for the frame."""
        process = self._process
        try:
            out, err = process.communicate(timeout=max(0.1, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            slow = f"no frame was drawn within {_DRAWING_TIMEOUT:.0f} s: drawing hangs, or the machine is busy"
            remedy = "try 'mlrun render reach-v3 -o x.png', with and without MUJOCO_GL=osmesa"
            yield Finding("rendering", slow, NOTE, remedy)
            return
        if process.returncode == 0:
            yield Finding("rendering", out.strip())
        elif process.returncode < 0:
            yield _cannot_draw(f"the graphics driver crashed with {signal.Signals(-process.returncode).name}")
        else:
            last_line = next(reversed(err.strip().splitlines()), f"exit code {process.returncode}")
            yield _cannot_draw(last_line.partition(": ")[2] or last_line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()


def draw_frame() -> None:
    """The program of `DrawingProcess`: draws a frame and prints the backend, or exits with a message."""
    from mlrun.rendering import Renderer
    from mlrun.rendering.gl_context import choose_backend

    physics = _settled_worlds(1)
    with Renderer(_FRAME_SIDE, _FRAME_SIDE) as renderer:
        frame = renderer.frame(physics, 0, (0.0, 0.7, 0.2))
    if frame.std() < 1:
        sys.exit(f"error: {choose_backend()} draws an empty frame")
    print(f"a frame was drawn with {choose_backend()}")


def _settled_worlds(num_worlds: int) -> CPUPhysics:
    """Worlds of the Sawyer scene at the start of an episode."""
    import torch

    from mlrun.benchmarks.metaworld.family import HAND_HOME
    from mlrun.simulation.cpu import CPUPhysics
    from mlrun.simulation.tabletop import SAWYER_AND_PUCK

    physics = CPUPhysics(SAWYER_AND_PUCK, num_worlds)
    physics.load(SAWYER_AND_PUCK.settled(HAND_HOME), torch.ones(num_worlds, dtype=torch.bool))
    physics.forward()
    return physics


def _cannot_draw(reason: str) -> Finding:
    remedy = "'mlrun render' will not work, everything else will; try MUJOCO_GL=osmesa, or install EGL or OSMesa"
    return Finding("rendering", reason, NOTE, "" if "install EGL" in reason else remedy)
