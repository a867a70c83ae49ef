"""ML1 with environments for Gymnasium: what `from mlrun import ML1` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlrun.benchmarks.metaworld import ml1
from mlrun.benchmarks.task import Split, Task
from mlrun.gym.environment import SawyerEnv
from mlrun.gym.vector import SawyerVectorEnv

if TYPE_CHECKING:
    from gymnasium.vector import AutoresetMode


class ML1(ml1.ML1):
    """The tasks of one manipulation benchmark, with environments for Gymnasium.

    It takes the arguments, and has the attributes, of `mlrun.benchmarks.metaworld.ml1.ML1`::

        ml1 = ML1("reach-v3", seed=1)
        env = ml1.make_env(ml1.train_tasks[0])
        worlds = ml1.make_vec(64, split="test")
    """

    def make_env(self, task: Task, *, render_mode: str | None = None) -> SawyerEnv:
        """A gymnasium environment in which every episode has this task, until `set_task` gives another.

        Args:
            task: one of the lists above, or a task of one's own.
            render_mode: None or "rgb_array".

        Raises:
            ValueError: it is not a task of this problem, or the render mode is another.
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
        """A gymnasium vector environment that draws from the tasks of `split`, until `set_tasks` names them.

        Args:
            num_envs: how many worlds.
            split: "train" or "test".
            autoreset_mode: "NextStep", "SameStep" or "Disabled", as gymnasium defines them.
            num_threads: threads to step the worlds on; 0 means one per core.
            render_mode: None or "rgb_array".
        """
        return SawyerVectorEnv(
            self,
            self.tasks(split),
            num_envs,
            autoreset_mode=autoreset_mode,
            num_threads=num_threads,
            render_mode=render_mode,
        )
