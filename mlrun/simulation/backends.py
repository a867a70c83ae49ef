"""The choice of the physics engine."""

from typing import Literal

from mlrun.extras import require_extra
from mlrun.simulation.cpu import CPUPhysics
from mlrun.simulation.protocol import Physics
from mlrun.simulation.scene import Scene
from mlrun.simulation.threads import checked_threads

Backend = Literal["cpu", "warp"]


def make_physics(scene: Scene, backend: Backend, num_worlds: int, num_threads: int = 0) -> Physics:
    """Makes worlds of a scene. `Physics.load` must put them into a settled state before they are stepped.

    Args:
        scene: what there is in each world.
        backend: "cpu" is `mujoco.batch` in double precision. "warp" is MuJoCo Warp in single precision, on the GPU, or
            slowly on the CPU if there is none.
        num_worlds: how many.
        num_threads: threads that step them with "cpu"; 0 means one per core.

    Raises:
        ValueError: there would be no world, or more threads than cores.
        MissingExtraError: the packages for "warp" are not installed.
    """
    if num_worlds < 1:
        raise ValueError(f"the number of worlds must be at least 1, not {num_worlds}")
    if backend == "cpu":
        return CPUPhysics(scene, num_worlds, checked_threads(num_threads))
    require_extra("gpu", "mujoco_warp", "physics on a GPU")
    from mlrun.simulation.warp import WarpPhysics

    return WarpPhysics(scene, num_worlds)
