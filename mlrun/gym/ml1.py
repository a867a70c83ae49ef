"""ML1 with environments for Gymnasium: the class that `from mlrun import ML1` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlrun.benchmarks.metaworld import ml1
from mlrun.benchmarks.task import Split, Task
from mlrun.gym.environment import SawyerEnv
from mlrun.gym.vector import SawyerVectorEnv

if TYPE_CHECKING:
    from gymnasium.vector import AutoresetMode


class ML1(ml1.ML1):
    """The tasks of one task family, with environments for Gymnasium.

    Arguments and attributes are those of `mlrun.benchmarks.metaworld.ml1.ML1`::

        ml1 = ML1("reach-v3", seed=1)
        env = ml1.make_env(ml1.train_tasks[0])
        worlds = ml1.make_vec(64, split="test")
    """

    def make_env(self, task: Task, *, render_mode: str | None = None) -> SawyerEnv:
        """Makes a gymnasium environment. Every episode has this task, until `set_task` sets another.

        Args:
            task: from `train_tasks` or `test_tasks`, or a task of your own.
            render_mode: None or "rgb_array".

        Raises:
            ValueError: it is not a task of this family, or the render mode is another.
        """
        return SawyerEnv(self, [task], render_mode=render_mode)

    def make_vec(
        self,
        num_envs: int,
        *,
        split: Split = "train",
        autoreset_mode: str | AutoresetMode = "NextStep",
        num_threads: int = 0,
        render_mode: str | None = None,
    ) -> SawyerVectorEnv:
        """Makes a gymnasium vector environment. It draws from the tasks of `split`, until `set_tasks` sets them.

        Args:
            num_envs: number of worlds.
            split: "train" or "test".
            autoreset_mode: "NextStep", "SameStep" or "Disabled"; see `SawyerVectorEnv`.
            num_threads: threads that step the worlds; 0 means one per core.
            render_mode: None or "rgb_array".

        Raises:
            ValueError: an argument is out of its range.
            TypeError: the number of worlds or threads is not a whole number.
        """
        return SawyerVectorEnv(
            self,
            self.tasks(split),
            num_envs,
            autoreset_mode=autoreset_mode,
            num_threads=num_threads,
            render_mode=render_mode,
        )
