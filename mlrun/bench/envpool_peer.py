"""EnvPool's Meta-World: C++ environments on a thread pool, which draw a new task at each reset."""

# EnvPool is not a requirement, and its package carries no types.
# pyright: reportMissingImports=false

import time

import numpy as np


class EnvPoolWorlds:
    """Worlds of one Meta-World problem in EnvPool.

    Args:
        problem: Meta-World's name of it, ``"pick-place-v3"``.
        num_worlds: how many worlds.
        num_threads: threads to step them on.
        batch: how many worlds each call waits for. All of them: synchronous; fewer: asynchronous, the others meanwhile
            going on.

    Raises:
        ImportError: EnvPool is not installed.
    """

    def __init__(self, problem: str, num_worlds: int, num_threads: int, batch: int) -> None:
        import envpool

        name = "".join(word.capitalize() for word in problem.removesuffix("-v3").split("-"))
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
        """Control steps per second, summed over worlds, in the first so many of new episodes."""
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
