"""The kernels of the GPU's physics, compiled for one that need not be here."""

from pathlib import Path

import pytest
import torch
import warp
from warp._src.context import user_modules

from mlrun.benchmarks.metaworld.family import HAND_HOME
from mlrun.simulation.tabletop import SAWYER_AND_PUCK
from mlrun.simulation.warp import WarpPhysics

pytestmark = pytest.mark.slow

HOPPER = 90  # the architecture of an H100, compute capability 9.0


def test_all_kernels_that_a_step_takes_compile_for_a_gpu(tmp_path: Path) -> None:
    physics, every = WarpPhysics(SAWYER_AND_PUCK, 1, "cpu"), torch.ones(1, dtype=torch.bool)
    physics.load(SAWYER_AND_PUCK.settled(HAND_HOME), every)
    physics.step(torch.zeros(1))
    physics.pads_press(every)
    loaded = [module for module in user_modules.values() if module.execs]
    assert len(loaded) > 20
    for number, module in enumerate(loaded):
        (binary,) = warp.compile_aot_module(module, arch=HOPPER, module_dir=tmp_path / str(number), use_ptx=False)
        assert binary.stat().st_size > 0
