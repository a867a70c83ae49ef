"""Meta-World's own environments, one process each, as Gymnasium's AsyncVectorEnv runs them."""

# Meta-World is not a requirement, and mujoco's compiled modules carry no types.
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from gymnasium.vector import AsyncVectorEnv

_METAWORLD_WELD_SIZE: Final = 11  # numbers that Meta-World writes of a weld


class MetaWorldProcesses:
    """Worlds of one Meta-World problem under AsyncVectorEnv.

    Args:
        problem: Meta-World's name of it, ``"reach-v3"``.
        num_processes: how many worlds, each a process.

    Raises:
        ImportError: Meta-World is not installed.
    """

    def __init__(self, problem: str, num_processes: int) -> None:
        import metaworld

        _fit_to_mujoco()
        benchmark = metaworld.ML1(problem, seed=0)
        make = partial(_make, benchmark.train_classes[problem], benchmark.train_tasks[0])
        self.setting = f"{num_processes} process{'es' if num_processes > 1 else ''}"
        self._environments = AsyncVectorEnv([make] * num_processes, context="spawn")
        self._random = np.random.default_rng(0)
        self._num_worlds = num_processes

    def episode(self, steps: int) -> float:
        """Control steps per second, summed over worlds, in the first so many of new episodes."""
        self._environments.reset()
        actions = self._random.uniform(-1, 1, (steps, self._num_worlds, 4)).astype(np.float32)
        start = time.perf_counter()
        for action in actions:
            self._environments.step(action)
        return steps * self._num_worlds / (time.perf_counter() - start)

    def close(self) -> None:
        """Ends its processes."""
        self._environments.close()


def _make(environment_class: Callable[[], Any], task: Any) -> Any:
    """What each process steps."""
    _fit_to_mujoco()
    environment = environment_class()
    environment.set_task(task)
    return environment


def _fit_to_mujoco() -> None:
    """Lets Meta-World 3.1 run on a MuJoCo whose welds have more numbers than it writes, which is so since 3.17."""
    import mujoco
    from metaworld.sawyer_xyz_env import SawyerMocapBase

    if mujoco.mjNEQDATA > _METAWORLD_WELD_SIZE:
        SawyerMocapBase.reset_mocap_welds = _reset_mocap_welds


def _reset_mocap_welds(environment: Any) -> None:
    environment.model.eq_data[:] = 0.0
    environment.model.eq_data[:, 6] = -1.0
    environment.model.eq_data[:, 10] = 5.0
