"""Where networks are computed."""

from mlrun.experiment.errors import DeviceNotFoundError


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
