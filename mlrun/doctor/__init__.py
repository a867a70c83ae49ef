"""Checks whether this machine has what training needs."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mlrun.doctor.finding import BROKEN, NOTE, OK, Finding
from mlrun.doctor.machine import check_cores, check_gpu, check_torch
from mlrun.doctor.packages import check_extras, check_packages, check_pins, check_python
from mlrun.doctor.simulation import DrawingProcess, check_simulation
from mlrun.doctor.storage import check_storage

__all__ = ["BROKEN", "NOTE", "OK", "Finding", "examine"]


def examine(runs_dir: Path) -> Iterator[Finding]:
    """Runs one check after the other. A check that raises an error yields a finding too."""
    with DrawingProcess() as drawing:  # starts first, because drawing takes as long as all other checks together
        yield from _examine(runs_dir, drawing)


def _examine(runs_dir: Path, drawing: DrawingProcess) -> Iterator[Finding]:
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "python": check_python,
        "packages": check_packages,
        "pins": check_pins,
        "extras": check_extras,
        "torch": check_torch,
        "cores": check_cores,
        "gpu": check_gpu,
        "simulation": check_simulation,
        "rendering": drawing.check,
        "runs directory": lambda: check_storage(runs_dir),
    }
    for subject, check in checks.items():
        try:
            yield from check()
        except Exception as error:  # one fault of a machine must not hide the others
            first_line = str(error).partition("\n")[0]
            yield Finding(
                subject, f"{type(error).__name__}: {first_line}", BROKEN, "install this package anew, or report this"
            )
