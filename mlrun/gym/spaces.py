"""The spaces of one world."""

import numpy as np
from gymnasium.spaces import Box

from mlrun.benchmarks.metaworld.environment import SawyerEnvironment
from mlrun.benchmarks.metaworld.sizes import ACTION_SIZE


def action_space() -> Box:
    """Hand movement x y z and closing effort of the fingers, (4,) float32 in [-1, 1]."""
    return Box(-1.0, 1.0, (ACTION_SIZE,), np.float32)


def observation_space(environment: SawyerEnvironment) -> Box:
    """Meta-World's bounds, (39,) float64: hand, gripper and goal have some, puck and padding have none."""
    return Box(environment.observation_low.numpy(), environment.observation_high.numpy(), dtype=np.float64)
