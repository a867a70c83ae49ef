"""The one place that chooses what steps the worlds."""

from typing import Literal

from mlrun.extras import require_extra
from mlrun.simulation.cpu import SawyerPhysics
from mlrun.simulation.protocol import Physics
from mlrun.simulation.threads import checked_threads

Backend = Literal["cpu", "warp"]


def make_physics(backend: Backend, num_worlds: int, num_threads: int = 0) -> Physics:
    """Worlds of the Sawyer scene, to be put into the settled state.

    Args:
        backend: "cpu" for `mujoco.batch` in double precision, "warp" for MuJoCo Warp in single precision on the GPU,
            or slowly on the CPU where there is none.
        num_worlds: how many.
        num_threads: threads to step them on with "cpu"; 0 means one per core.

    Raises:
        ValueError: there would be no world, or more threads than cores.
        MissingExtraError: "warp" is not installed.
    """
    if num_worlds < 1:
        raise ValueError(f"the number of worlds must be at least 1, not {num_worlds}")
    if backend == "cpu":
        return SawyerPhysics(num_worlds, checked_threads(num_threads))
    require_extra("gpu", "mujoco_warp", "physics on a GPU")
    from mlrun.simulation.warp import WarpPhysics

    return WarpPhysics(num_worlds)
