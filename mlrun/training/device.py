"""Chooses where an experiment is computed, and checks that this machine has what it needs."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

from mlrun.config.schema import EpisodicExperiment, Experiment
from mlrun.errors import DeviceNotFoundError, TooManyThreadsError
from mlrun.extras import MissingExtraError, install_command

_NEEDED_ON_A_GPU = ("mujoco_warp", "warp")
_DRIVERS = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")  # the last is that of Linux inside Windows


class Placement(NamedTuple):
    """Where an experiment is computed.

    Attributes:
        device: of networks, advantages and updates.
        physics: the engine that simulates the worlds. Without worlds it is "cpu".
        note: what "auto" has chosen, in words; None if there was nothing to choose.
    """

    device: Literal["cpu", "cuda"]
    physics: Literal["cpu", "warp"]
    note: str | None = None


def place(experiment: Experiment) -> Placement:
    """Choose where an experiment is computed on this machine.

    Networks this small are not faster on a GPU. So "auto" puts networks and physics on the GPU if it can simulate the
    worlds, and both on the CPU if not.

    Raises:
        DeviceNotFoundError: the experiment asks for a GPU, and there is none; or for physics "warp" on device "cpu".
        MissingExtraError: the experiment asks for physics on the GPU, and the packages are not installed.
    """
    import torch

    device = experiment.device
    physics = experiment.physics if isinstance(experiment, EpisodicExperiment) else "cpu"
    gpu, simulator = torch.cuda.is_available(), all(map(importlib.util.find_spec, _NEEDED_ON_A_GPU))
    _require(device, physics, gpu=gpu, simulator=simulator)
    if not experiment.benchmark.simulated:
        return Placement("cuda" if device == "cuda" else "cpu", "cpu")
    if physics == "auto":
        physics = "warp" if gpu and simulator and device != "cpu" else "cpu"
    chosen = "cuda" if device == "cuda" or (device == "auto" and physics == "warp") else "cpu"
    free = device == "auto" or (device == "cuda" and getattr(experiment, "physics", None) == "auto")
    return Placement(chosen, physics, _note(chosen, physics, gpu=gpu, simulator=simulator) if free else None)


def why_no_physics_on_gpu() -> str | None:
    """Why this machine cannot simulate worlds on a GPU, in words; None if it can."""
    if not any(map(os.path.exists, _DRIVERS)):  # torch takes seconds to say the same
        return "there is none here"
    if not all(map(importlib.util.find_spec, _NEEDED_ON_A_GPU)):
        return f"it needs other packages: {install_command('gpu')}"
    import torch

    return None if torch.cuda.is_available() else "there is no GPU here that torch can use"


def require_machine(experiment: Experiment) -> None:
    """Check that this machine has the experiment's device and threads. Call it before anything is written.

    Raises:
        DeviceNotFoundError: the machine has no such device.
        MissingExtraError: the packages for the device are not installed.
        TooManyThreadsError: there are more threads than cores.
    """
    from mlrun.simulation.threads import checked_threads

    place(experiment)
    try:
        checked_threads(physics_threads(experiment))
    except ValueError as error:
        raise TooManyThreadsError(f"threads: {error}; 0 is one per core") from None


def physics_threads(experiment: Experiment) -> int:
    """Return the number of threads that step the physics. 0 means one per core, or no physics."""
    return experiment.threads if isinstance(experiment, EpisodicExperiment) else 0


@contextmanager
def arithmetic(experiment: Experiment) -> Iterator[None]:
    """While the context is open, a GPU rounds as the experiment says, and sums gradients in one order.

    By default, torch differentiates on a separate thread for the GPU. The order in which it sums second derivatives
    then depends on what that thread did before. So a resumed run would round differently.
    """
    import torch

    previous = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = experiment.tf32
    try:
        with torch.autograd.set_multithreading_enabled(False):
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = previous


def _require(device: str, physics: str, *, gpu: bool, simulator: bool) -> None:
    if device == "cuda" and not gpu:
        raise DeviceNotFoundError("device 'cuda': there is no GPU here that torch can use; use 'auto' or 'cpu'")
    if physics != "warp":
        return
    if not gpu:
        raise DeviceNotFoundError("physics 'warp': there is no GPU here that torch can use; use 'auto' or 'cpu'")
    if not simulator:
        raise MissingExtraError(f"physics 'warp' needs other packages: {install_command('gpu')}")
    if device == "cpu":
        raise DeviceNotFoundError("physics 'warp' keeps its worlds on the GPU; device must be 'cuda' or 'auto'")


def _note(device: str, physics: str, *, gpu: bool, simulator: bool) -> str:
    if not gpu:
        return "no GPU here: networks and physics are on the CPU"
    if physics == "warp":
        return "networks and physics are on the GPU"
    if device == "cuda":
        return "networks are on the GPU, and physics is on the CPU"
    remedy = "" if simulator else f"; to simulate on it: {install_command('gpu')}"
    return f"there is a GPU, but networks and physics are on the CPU{remedy}"
