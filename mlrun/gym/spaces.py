"""The spaces of one world."""

import numpy as np
from gymnasium.spaces import Box

from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.task_families import ACTION_SIZE


def action_space() -> Box:
    """Hand movement x y z and closing effort of the fingers, (4,) float32 in [-1, 1]."""
    return Box(-1.0, 1.0, (ACTION_SIZE,), np.float32)


def observation_space(worlds: ManipulationWorlds) -> Box:
    """Meta-World's bounds, (39,) float64: hand, gripper and goal have some, puck and padding have none."""
    return Box(worlds.observation_low.numpy(), worlds.observation_high.numpy(), dtype=np.float64)
