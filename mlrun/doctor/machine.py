"""Checks what computes: torch, the cores that this process may use, and the GPUs."""

import os
from collections.abc import Iterator
from pathlib import Path

from mlrun.doctor.finding import BROKEN, NOTE, Finding


def check_torch() -> Iterator[Finding]:
    """Checks that torch computes a gradient."""
    import torch

    x = torch.ones(3, requires_grad=True)
    (gradient,) = torch.autograd.grad((x * x).sum(), x)
    if gradient.tolist() == [2.0, 2.0, 2.0]:
        yield Finding("torch", torch.__version__)
    else:
        yield Finding("torch", f"{torch.__version__} computes a wrong gradient", BROKEN, "install torch anew")


def check_cores(root: Path = Path("/")) -> Iterator[Finding]:
    """Checks the number of cores, torch's threads, and the limit of a container.

    Args:
        root: the directory that holds the kernel's ``proc`` and ``sys``.
    """
    import torch

    from mlrun.simulation.threads import available_cores

    cores, threads, granted = available_cores(), torch.get_num_threads(), granted_cores(root)
    text = f"{cores} of the machine's {os.cpu_count()}; torch uses {threads} thread{'' if threads == 1 else 's'}"
    if granted is not None and granted < cores:
        fitting = max(1, int(granted))
        remedy = f"set OMP_NUM_THREADS={fitting} and train with --set threads={fitting}"
        yield Finding("cores", f"{text}; but a limit allows the time of {granted:g}", NOTE, remedy)
    elif threads > cores:
        yield Finding("cores", text, NOTE, f"set OMP_NUM_THREADS={cores} or less")
    else:
        yield Finding("cores", text)


def granted_cores(root: Path) -> float | None:
    """The limit that the control groups of this process set, in cores. None without a limit."""
    limits = (_limit(directory) for directory in _control_groups(root))
    return min((limit for limit in limits if limit is not None), default=None)


def check_gpu() -> Iterator[Finding]:
    """Computes a sum on each GPU, and checks whether the GPU can run physics."""
    import torch

    from mlrun.training.device import why_no_physics_on_gpu

    driver = Path("/proc/driver/nvidia/version").exists()
    if not torch.cuda.is_available():
        if driver:
            built = f"torch {torch.__version__} " + (
                "cannot use it" if torch.version.cuda else "was built without CUDA"
            )
            yield Finding("gpu", f"there is a driver, but {built}", NOTE, "install a torch for the CUDA of this driver")
        else:
            yield Finding("gpu", "none; everything runs on the CPU")
        return
    for index in range(torch.cuda.device_count()):
        name = torch.cuda.get_device_name(index)
        try:
            torch.ones(2, device=f"cuda:{index}").sum().item()
        except RuntimeError as error:
            reason = str(error).partition("\n")[0]
            yield Finding("gpu", f"{name} fails: {reason}", NOTE, "train with --device cpu, or repair its driver")
        else:
            missing = why_no_physics_on_gpu()
            if missing:
                yield Finding("gpu", f"{name}, for networks only, not for physics", NOTE, missing)
            else:
                yield Finding("gpu", f"{name}, for networks and physics")


def _control_groups(root: Path) -> Iterator[Path]:
    """The directories of this process's control groups and of their parents, for versions 1 and 2."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, name = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = Path(name.strip("/"))
        for mounted in {
            root / "sys/fs/cgroup" / directory for directory in (controllers, "cpu" if controllers else "")
        }:
            # A container often sees its own group mounted as the root, so the parents are looked at too.
            yield from (mounted / name for name in (group, *group.parents))


def _limit(directory: Path) -> float | None:
    """The limit of one control group, in cores: its quota over its period. None without a limit."""
    words = [word for line in _lines(directory / "cpu.max") for word in line.split()]
    if not words:
        words = [*_lines(directory / "cpu.cfs_quota_us"), *_lines(directory / "cpu.cfs_period_us")]
    if len(words) != 2 or words[0] in ("max", "-1"):
        return None
    return int(words[0]) / int(words[1])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
