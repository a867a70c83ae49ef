"""A program that draws a frame, and says with what."""

import sys
from typing import Final

import torch

from mlrun.benchmarks.metaworld.family import HAND_HOME
from mlrun.rendering import Renderer
from mlrun.rendering.gl_context import choose_backend
from mlrun.simulation.cpu import CPUPhysics
from mlrun.simulation.tabletop import SAWYER_AND_PUCK

_SIDE: Final = 64


def _draw() -> str:
    physics = CPUPhysics(SAWYER_AND_PUCK, 1)
    physics.load(SAWYER_AND_PUCK.settled(HAND_HOME), torch.ones(1, dtype=torch.bool))
    physics.forward()
    with Renderer(_SIDE, _SIDE) as renderer:
        frame = renderer.frame(physics, 0, (0.0, 0.7, 0.2))
    if frame.std() < 1:
        sys.exit(f"error: {choose_backend()} draws an empty frame")
    return f"a frame was drawn with {choose_backend()}"


if __name__ == "__main__":
    print(_draw())
