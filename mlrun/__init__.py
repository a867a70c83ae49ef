"""Meta-learning experiments on robot manipulation, run from the command line."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlrun.gym.ml1 import ML1

__all__ = ["ML1", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "ML1":
        # Imported on demand: torch and the simulator take a second, which `mlrun --help` does not have.
        from mlrun.gym.ml1 import ML1

        return ML1
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
