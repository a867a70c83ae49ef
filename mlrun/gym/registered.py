"""The environments that `gymnasium.make` and `gymnasium.make_vec` build for the ids of this package."""

from typing import Any

from gymnasium.vector import AutoresetMode

from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.task import Split
from mlrun.gym.environment import SawyerEnv
from mlrun.gym.vector import SawyerVectorEnv


class RegisteredEnv(SawyerEnv):
    """A `SawyerEnv` on a split of ML1.

    Args:
        problem: the task family: "reach-v3", "push-v3" or "pick-place-v3".
        split: which tasks to draw from, "train" or "test".
        render_mode: None or "rgb_array".
        options: those of `ML1`: seed and num_tasks of the task lists, horizon, goal, reward.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(self, problem: str, *, split: Split = "train", render_mode: str | None = None, **options: Any):
        benchmark = ML1(problem, **options)
        super().__init__(benchmark, benchmark.tasks(split), render_mode=render_mode)


class RegisteredVectorEnv(SawyerVectorEnv):
    """A `SawyerVectorEnv` on a split of ML1.

    Args:
        num_envs: number of worlds.
        problem: the task family: "reach-v3", "push-v3" or "pick-place-v3".
        split: which tasks to draw from, "train" or "test".
        autoreset_mode: "NextStep", "SameStep" or "Disabled"; see `SawyerVectorEnv`.
        num_threads: threads that step the worlds; 0 means one per core.
        render_mode: None or "rgb_array".
        options: those of `ML1`: seed and num_tasks of the task lists, horizon, goal, reward.

    Raises:
        ValueError: an argument is out of its range.
        TypeError: the number of worlds or threads is not a whole number.
    """

    def __init__(
        self,
        num_envs: int,
        problem: str,
        *,
        split: Split = "train",
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        num_threads: int = 0,
        render_mode: str | None = None,
        **options: Any,
    ):
        benchmark = ML1(problem, **options)
        super().__init__(
            benchmark,
            benchmark.tasks(split),
            num_envs,
            autoreset_mode=autoreset_mode,
            num_threads=num_threads,
            render_mode=render_mode,
        )
