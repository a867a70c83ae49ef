"""Many ML1 worlds as one gymnasium vector environment."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.task import Task
from mlrun.gym.environment import SawyerEnv, action_space, observation_space
from mlrun.gym.inputs import (
    TASK_SIZE,
    AnyTask,
    TaskList,
    checked_action,
    checked_autoreset_mode,
    checked_options,
    checked_render_mode,
)
from mlrun.simulation.threads import one_torch_thread
from mlrun.task_families import ACTION_SIZE

if TYPE_CHECKING:
    from mlrun.rendering import Renderer

_NO_EPISODE: Final = -1

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class SawyerVectorEnv(VectorEnv[Floats, NDArray[np.float32], NDArray[Any]]):
    """The worlds of `num_envs` `SawyerEnv`s, stepped on threads as one batch.

    World i does bit for bit what a `SawyerEnv` does with the same seed, task and actions. Each world draws its tasks
    with its own generator, unless `set_tasks` or a reset's `options` name them.

    The autoreset mode says what happens after the last step of an episode:

    - `NEXT_STEP`: the next step starts a new episode in that world. Its action is not used, and the reward is 0.
    - `SAME_STEP`: the same step starts a new episode. `infos["final_obs"]` and `infos["final_info"]` hold the last
      observation and info of the old one.
    - `DISABLED`: the caller resets all worlds, or those of `options={"reset_mask": ...}`.

    A copy, also by pickle, keeps all tasks, `set_tasks` and the generators, but not the episodes: reset it first.

    Args:
        benchmark: gives the task family, horizon, reward, and whether the goal is observed.
        tasks: one or more to draw from.
        num_envs: number of worlds.
        autoreset_mode: one of the three, or its value: "NextStep", "SameStep", "Disabled".
        num_threads: threads that step the worlds; 0 means one per core.
        render_mode: None or "rgb_array".

    Raises:
        ValueError: an argument is out of its range.
        TypeError: the number of worlds or threads is not a whole number.
    """

    _renderer: Renderer | None = None  # on the class: gymnasium also closes an environment whose __init__ failed

    def __init__(
        self,
        benchmark: ML1,
        tasks: Sequence[Task],
        num_envs: int,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        num_threads: int = 0,
        render_mode: str | None = None,
    ):
        self.num_envs, self._num_threads = operator.index(num_envs), operator.index(num_threads)
        self._autoreset_mode = checked_autoreset_mode(autoreset_mode)
        self.metadata = {**SawyerEnv.metadata, "autoreset_mode": self._autoreset_mode}
        self.render_mode = checked_render_mode(render_mode)
        self._benchmark = benchmark
        self._environment = benchmark.make_worlds(self.num_envs, self._num_threads)
        self.single_observation_space = observation_space(self._environment)
        self.single_action_space = action_space()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._tasks = TaskList(benchmark.family, tasks)
        self._fixed_tasks: Floats | None = None
        self._parameters = np.zeros((num_envs, TASK_SIZE))
        self._steps_left = np.full(num_envs, _NO_EPISODE)
        self._random = [seeding.np_random() for _ in range(num_envs)]

    # One per world, as in gymnasium's own vector environments. The types of their base class say otherwise.
    @property
    def np_random(self) -> tuple[np.random.Generator, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The generator of each world."""
        return tuple(generator for generator, _ in self._random)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The seed of each world's generator."""
        return tuple(seed for _, seed in self._random)

    def set_tasks(self, tasks: Sequence[AnyTask] | Floats) -> None:
        """Sets the task of all following episodes of each world. It ends the present episodes, which have other tasks.

        Args:
            tasks: for each world a task, its index in the list of tasks, or its 6 numbers.

        Raises:
            ValueError: there is not one task per world, or a task does not exist.
        """
        self._fixed_tasks = self._one_per_world(tasks)
        self._steps_left[:] = _NO_EPISODE

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Starts an episode in all worlds, or in some of them.

        Args:
            seed: seeds the generators that draw tasks: n stands for n, n+1, n+2, ...; a list has one per world. None
                leaves a generator as it is.
            options: "task", one for all worlds, or "tasks", one per world: for this episode only, each a task, its
                index in the list of tasks, or its 6 numbers. "reset_mask", ``(num_envs,)`` bool: the worlds to reset.

        Returns:
            Observations ``(num_envs, 39)`` and an empty info. A world that is not reset keeps its observation.

        Raises:
            ValueError: there is no such task or option, or the mask or the seeds do not fit the worlds.
        """
        options = checked_options(options, ("task", "tasks", "reset_mask"))
        worlds, tasks = self._worlds_to_reset(options), self._given_tasks(options)
        self._seed(seed, worlds)
        return self._begin(worlds, tasks), {}

    @one_torch_thread()
    def step(self, actions: ArrayLike) -> tuple[Floats, Floats, Mask, Mask, dict[str, Any]]:
        """Applies one action in every world, for one control step of 12.5 ms.

        Args:
            actions: ``(num_envs, 4)``.

        Returns:
            Observations ``(num_envs, 39)``, rewards ``(num_envs,)``, terminated (all False), truncated, and the info of
            `SawyerEnv` as arrays ``(num_envs,)``, each with a mask of the worlds that it is for.

        Raises:
            gymnasium.error.ResetNeeded: a world has no episode, or its episode is over and autoreset is disabled.
            ValueError: the actions have another shape or are not finite.
        """
        checked = checked_action(actions, (self.num_envs, ACTION_SIZE))
        finished = self._steps_left == 0
        autoreset = self._autoreset_mode is not AutoresetMode.DISABLED
        self._require_episodes((self._steps_left > 0) | (finished & autoreset))
        transition = self._environment.step(checked)
        values = {name: value.numpy() for name, value in self._environment.info().items()}
        observation = transition.observation.numpy().copy()
        reward = np.where(finished, 0.0, transition.reward.numpy())
        self._steps_left -= 1
        truncated = self._steps_left == 0
        infos = _masked(values, ~finished)
        if self._autoreset_mode is AutoresetMode.SAME_STEP and truncated.any():
            infos = _masked(values, ~truncated) | _final(observation, values, truncated)
            observation = self._begin(truncated)
        elif finished.any():
            observation = self._begin(finished)
        return observation, reward, np.zeros(self.num_envs, dtype=np.bool_), truncated, infos

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """Draws each world with its goal, ``(height, width, 3)`` uint8. None without a render mode.

        Raises:
            gymnasium.error.ResetNeeded: a world has no episode.
            gymnasium.error.ClosedEnvironmentError: the environment is closed.
        """
        if self.render_mode is None:
            return None
        if self.closed:
            raise ClosedEnvironmentError("this environment is closed and cannot be drawn")
        self._require_episodes(self._steps_left >= 0)
        if self._renderer is None:
            from mlrun.rendering import Renderer

            self._renderer = Renderer()
        family, physics = self._benchmark.family, self._environment.physics
        goals, radius = family.target(torch.from_numpy(self._parameters)).numpy(), family.success_radius
        return tuple(self._renderer.frame(physics, world, goal, radius) for world, goal in enumerate(goals))

    def close_extras(self, **kwargs: Any) -> None:
        """Frees the renderer."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def __getstate__(self) -> dict[str, Any]:
        no_episodes = np.full(self.num_envs, _NO_EPISODE)
        return self.__dict__ | {"_environment": None, "_renderer": None, "_steps_left": no_episodes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._environment = self._benchmark.make_worlds(self.num_envs, self._num_threads)

    def _begin(self, worlds: Mask, tasks: Floats | None = None) -> Floats:
        tasks = self._fixed_tasks if tasks is None else tasks
        for world in np.flatnonzero(worlds).tolist():
            self._parameters[world] = self._tasks.draw(self._random[world][0]) if tasks is None else tasks[world]
        self._steps_left[worlds] = self._environment.horizon
        return self._environment.reset(torch.from_numpy(self._parameters), torch.from_numpy(worlds)).numpy().copy()

    def _require_episodes(self, running: Mask) -> None:
        if not running.all():
            raise ResetNeeded(f"call reset() first: world {int(running.argmin())} has no episode, or it is over")

    def _seed(self, seed: int | Sequence[int | None] | None, worlds: Mask) -> None:
        if seed is None:
            return
        seeds = range(seed, seed + self.num_envs) if isinstance(seed, int | np.integer) else seed
        if len(seeds) != self.num_envs:
            raise ValueError(f"seed must be one number, or {self.num_envs}, one per world, not {len(seeds)}")
        self._random = [
            present if own_seed is None or not reset else seeding.np_random(own_seed)
            for own_seed, reset, present in zip(seeds, worlds, self._random, strict=True)
        ]

    def _worlds_to_reset(self, options: dict[str, Any]) -> Mask:
        worlds = np.array(options.get("reset_mask", np.ones(self.num_envs, dtype=np.bool_)))
        if worlds.shape != (self.num_envs,) or worlds.dtype != np.bool_ or not worlds.any():
            raise ValueError(f"reset_mask must be {self.num_envs} truth values, one or more of them true, not {worlds}")
        return worlds

    def _given_tasks(self, options: dict[str, Any]) -> Floats | None:
        if "task" in options and "tasks" in options:
            raise ValueError("give either 'task', one for all worlds, or 'tasks', one per world, not both")
        if "task" in options:
            return self._one_per_world([options["task"]] * self.num_envs)
        return self._one_per_world(options["tasks"]) if "tasks" in options else None

    def _one_per_world(self, tasks: Sequence[AnyTask] | Floats) -> Floats:
        if len(tasks) != self.num_envs:
            raise ValueError(f"tasks must be {self.num_envs}, one per world, not {len(tasks)}")
        return np.stack([self._tasks.parameters(task) for task in tasks])


def _masked(values: dict[str, Floats], worlds: Mask) -> dict[str, Any]:
    """The info of some worlds in gymnasium's form: zero for other worlds, and a mask beside each entry."""
    if not worlds.any():
        return {}
    entries = {name: np.where(worlds, value, 0.0) for name, value in values.items()}
    return entries | {f"_{name}": worlds.copy() for name in values}


def _final(observation: Floats, values: dict[str, Floats], worlds: Mask) -> dict[str, Any]:
    """The last observation and info of the worlds where a new episode begins in the same step."""
    last = np.full(len(worlds), None, dtype=object)
    for world in np.flatnonzero(worlds).tolist():
        last[world] = observation[world]
    final = {"final_obs": last, "final_info": _masked(values, worlds)}
    return final | {f"_{name}": worlds.copy() for name in final}
