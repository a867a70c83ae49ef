"""One ML1 world as a gymnasium environment, and its spaces."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import torch
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.spaces import Box
from numpy.typing import ArrayLike, NDArray

from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.benchmarks.task import Task
from mlrun.gym.inputs import AnyTask, TaskList, checked_action, checked_options, checked_render_mode
from mlrun.simulation.threads import one_torch_thread
from mlrun.task_families import ACTION_SIZE

if TYPE_CHECKING:
    from mlrun.rendering import Renderer


class SawyerEnv(gymnasium.Env[NDArray[Any], NDArray[Any]]):
    """A Sawyer arm with a puck on a table. The task changes from episode to episode.

    Each reset draws the task from `tasks` with the environment's own generator, unless `set_task` or the reset's
    `options` name it. Actions outside of [-1, 1] are clipped, as in Meta-World. An episode never terminates. It is
    truncated at the benchmark's horizon. `mlrun.benchmarks.metaworld.worlds.ManipulationWorlds` documents the numbers
    of actions and observations.

    A copy, also by pickle, keeps all tasks, `set_task` and the generator, but not the episode: reset it first.

    Args:
        benchmark: gives the task family, horizon, reward, and whether the goal is observed.
        tasks: one or more to draw from. `make_env` passes one, so every episode has this task.
        render_mode: None or "rgb_array".

    Raises:
        ValueError: the render mode is another, or a task is not one of the family.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 80}  # noqa: RUF012 (gymnasium wants no ClassVar)

    def __init__(self, benchmark: ML1, tasks: Sequence[Task], *, render_mode: str | None = None):
        self.render_mode = checked_render_mode(render_mode)
        self._benchmark = benchmark
        self._environment = benchmark.make_worlds(1, num_threads=1)
        self.observation_space = observation_space(self._environment)
        self.action_space = action_space()
        self._tasks = TaskList(benchmark.family, tasks)
        self._fixed_task: NDArray[np.float64] | None = None
        self._parameters = torch.zeros(1, 6, dtype=torch.float64)
        self._steps_left: int | None = None  # None while there is no episode
        self._renderer: Renderer | None = None
        self._closed = False

    def set_task(self, task: AnyTask) -> None:
        """Sets the task of all following episodes. It ends the present episode, which has another task.

        Args:
            task: a task, its index in `tasks`, or its 6 numbers.

        Raises:
            ValueError: there is no such task.
        """
        self._fixed_task = self._tasks.parameters(task)
        self._steps_left = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Starts an episode.

        Args:
            seed: seeds the generator that draws this task and the following tasks. None leaves the generator as it is.
            options: ``{"task": ...}``, for this episode only: a task, its index in `tasks`, or its 6 numbers.

        Returns:
            The observation ``(39,)`` and an empty info.

        Raises:
            ValueError: there is no such task, or no such option.
        """
        super().reset(seed=seed)
        options = checked_options(options, ("task",))
        self._parameters[0] = torch.from_numpy(self._choose_task(options))
        observation = self._environment.reset(self._parameters)
        self._steps_left = self._environment.horizon
        return observation[0].numpy(), {}

    @one_torch_thread()
    def step(self, action: ArrayLike) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Applies an action for one control step of 12.5 ms.

        Args:
            action: ``(4,)``.

        Returns:
            Observation ``(39,)``, reward, terminated (always False), truncated, and Meta-World's info as floats:
            success, near_object, grasp_success, grasp_reward, in_place_reward, obj_to_target (in metres),
            unscaled_reward.

        Raises:
            gymnasium.error.ResetNeeded: no episode has begun, or it is over.
            ValueError: the action has another shape or is not finite.
        """
        if not self._steps_left:
            raise ResetNeeded("call reset() before step(): no episode has begun, or it is over")
        transition = self._environment.step(checked_action(action, (4,))[None])
        self._steps_left -= 1
        info = {name: value.item() for name, value in self._environment.info().items()}
        observation = transition.observation[0].numpy()
        return observation, transition.reward.item(), False, self._steps_left == 0, info

    def render(self) -> NDArray[np.uint8] | None:
        """Draws the world with its goal, ``(height, width, 3)`` uint8. None without a render mode.

        Raises:
            gymnasium.error.ResetNeeded: no episode has begun.
            gymnasium.error.ClosedEnvironmentError: the environment is closed.
        """
        if self.render_mode is None:
            return None
        if self._closed:
            raise ClosedEnvironmentError("this environment is closed and cannot be drawn")
        if self._steps_left is None:
            raise ResetNeeded("call reset() before render()")
        if self._renderer is None:
            from mlrun.rendering import Renderer

            self._renderer = Renderer()
        family = self._benchmark.family
        goal = family.target(self._parameters)[0].numpy()
        return self._renderer.frame(self._environment.physics, 0, goal, family.success_radius)

    def close(self) -> None:
        """Frees the renderer. A closed environment cannot be drawn."""
        self._closed = True
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_environment": None, "_renderer": None, "_steps_left": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._environment = self._benchmark.make_worlds(1, num_threads=1)

    def _choose_task(self, options: dict[str, Any]) -> NDArray[np.float64]:
        if "task" in options:
            return self._tasks.parameters(options["task"])
        return self._tasks.draw(self.np_random) if self._fixed_task is None else self._fixed_task


def action_space() -> Box:
    """Space of one world's actions, ``(4,)`` float32 in [-1, 1]: hand movement x y z, and command to the fingers."""
    return Box(-1.0, 1.0, (ACTION_SIZE,), np.float32)


def observation_space(worlds: ManipulationWorlds) -> Box:
    """Space of one world's observations, ``(39,)`` float64, with Meta-World's bounds.

    Hand, gripper and goal have bounds. Puck and padding have none.
    """
    return Box(worlds.observation_low.numpy(), worlds.observation_high.numpy(), dtype=np.float64)
