"""Where networks are computed, and whether this machine has what an experiment asks for."""

from mlrun.config.schema import EpisodicExperiment, Experiment
from mlrun.experiment.errors import DeviceNotFoundError, TooManyThreadsError


def require_machine(experiment: Experiment) -> None:
    """Check, before anything is written, that the experiment's device and threads are there.

    Raises:
        DeviceNotFoundError: the device is not.
        TooManyThreadsError: there are more threads than cores.
    """
    from mlrun.simulation.threads import checked_threads

    resolve_device(experiment.device)
    try:
        checked_threads(physics_threads(experiment))
    except ValueError as error:
        raise TooManyThreadsError(f"threads: {error}; 0 is one per core") from None


def physics_threads(experiment: Experiment) -> int:
    """Return how many threads step the physics; 0 is one per core, or no physics."""
    return experiment.threads if isinstance(experiment, EpisodicExperiment) else 0


def resolve_device(name: str) -> str:
    """Return ``"cpu"`` or ``"cuda"`` for an experiment's device.

    ``"auto"`` is the CPU, where the physics runs; a GPU for the networks must be asked for.

    Raises:
        DeviceNotFoundError: it is ``"cuda"`` and there is none.
    """
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceNotFoundError("device 'cuda' is not available here; use 'auto' or 'cpu'")
    return "cuda" if name == "cuda" else "cpu"
