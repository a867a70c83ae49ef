"""Meta-World's environments as other packages run them: EnvPool, and Meta-World under AsyncVectorEnv."""

# EnvPool and Meta-World are not requirements, and carry no types; nor do mujoco's compiled modules.
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from gymnasium.vector import AsyncVectorEnv

_METAWORLD_WELD_SIZE: Final = 11  # numbers that Meta-World writes for a weld


class EnvPoolWorlds:
    """Worlds of one task family in EnvPool: C++ environments on a thread pool. Each reset draws a new task.

    Args:
        family: Meta-World's name of the task family, such as ``"pick-place-v3"``.
        num_worlds: number of worlds.
        num_threads: threads that step them.
        batch: number of worlds that each call waits for. If it is all of them, stepping is synchronous. If it is
            fewer, stepping is asynchronous: the other worlds go on meanwhile.

    Raises:
        ImportError: EnvPool is not installed.
    """

    def __init__(self, family: str, num_worlds: int, num_threads: int, batch: int) -> None:
        import envpool

        name = "".join(word.capitalize() for word in family.removesuffix("-v3").split("-"))
        self.setting = f"{num_worlds} worlds" + ("" if batch == num_worlds else f", asynchronous by {batch}")
        self._pool = envpool.make(
            f"MetaWorld/{name}-v3",
            env_type="gymnasium",
            num_envs=num_worlds,
            batch_size=batch,
            num_threads=num_threads,
            seed=0,
        )
        self._num_worlds, self._batch = num_worlds, batch
        self._random = np.random.default_rng(0)

    def episode(self, steps: int) -> float:
        """Control steps per second, summed over worlds, in the first `steps` of new episodes."""
        seconds = self._synchronous(steps) if self._batch == self._num_worlds else self._asynchronous(steps)
        return steps * self._num_worlds / seconds

    def close(self) -> None:
        """Ends its threads."""
        self._pool.close()

    def _synchronous(self, steps: int) -> float:
        self._pool.reset()
        actions = self._actions(steps)
        start = time.perf_counter()
        for action in actions:
            self._pool.step(action)
        return time.perf_counter() - start

    def _asynchronous(self, steps: int) -> float:
        calls, in_flight = steps * self._num_worlds // self._batch, self._num_worlds // self._batch
        actions = self._actions(calls)
        self._pool.async_reset()
        ready = [self._pool.recv()[-1]["env_id"] for _ in range(in_flight)]
        start = time.perf_counter()
        for action, worlds in zip(actions, ready, strict=False):
            self._pool.send(action, worlds)
        for action in actions[in_flight:]:
            self._pool.send(action, self._pool.recv()[-1]["env_id"])
        for _ in range(in_flight):
            self._pool.recv()
        return time.perf_counter() - start

    def _actions(self, calls: int) -> np.ndarray:
        return self._random.uniform(-1, 1, (calls, self._batch, 4)).astype(np.float32)


class MetaWorldProcesses:
    """Worlds of one task family of Meta-World itself, one process each, under Gymnasium's AsyncVectorEnv.

    Args:
        family: Meta-World's name of the task family, such as ``"reach-v3"``.
        num_processes: number of worlds, and so of processes.

    Raises:
        ImportError: Meta-World is not installed.
    """

    def __init__(self, family: str, num_processes: int) -> None:
        import metaworld

        _fit_to_mujoco()
        benchmark = metaworld.ML1(family, seed=0)
        make = partial(_make, benchmark.train_classes[family], benchmark.train_tasks[0])
        self.setting = f"{num_processes} process{'es' if num_processes > 1 else ''}"
        self._environments = AsyncVectorEnv([make] * num_processes, context="spawn")
        self._random = np.random.default_rng(0)
        self._num_worlds = num_processes

    def episode(self, steps: int) -> float:
        """Control steps per second, summed over worlds, in the first `steps` of new episodes."""
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
    """Makes the environment of one process."""
    _fit_to_mujoco()
    environment = environment_class()
    environment.set_task(task)
    return environment


def _fit_to_mujoco() -> None:
    """Patches Meta-World 3.1 for MuJoCo 3.17 and later, where a weld has more numbers than Meta-World writes."""
    import mujoco
    from metaworld.sawyer_xyz_env import SawyerMocapBase

    if mujoco.mjNEQDATA > _METAWORLD_WELD_SIZE:
        SawyerMocapBase.reset_mocap_welds = _reset_mocap_welds


def _reset_mocap_welds(environment: Any) -> None:
    environment.model.eq_data[:] = 0.0
    environment.model.eq_data[:, 6] = -1.0
    environment.model.eq_data[:, 10] = 5.0
