"""The checkpoints of a run: files of tensors and plain values, each either complete or not there."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlrun.errors import CheckpointError, CheckpointNotFoundError
from mlrun.runs.files import atomic_file, replace_symlink

_PLAIN = (str, int, float, bool, type(None))


class Checkpoints:
    """The checkpoints of one run: files such as ``000100.pt``, and the links ``last`` and ``best``.

    Args:
        directory: where the files are. The first save makes it.
        keep: how many of the newest files are kept. The best checkpoint is kept as well.
        check: is called with each state that is loaded. It raises ValueError for a state that is not one of a run.
    """

    def __init__(
        self, directory: Path, keep: int, check: Callable[[dict[str, Any]], None] = lambda state: None
    ) -> None:
        self.directory = directory
        self.keep = keep
        self._check = check

    def save(self, iteration: int, state: dict[str, Any], *, best: bool = False) -> None:
        """Write a state, point ``last`` at its file, and delete the files that are too old.

        Args:
            iteration: iterations done. It is stored in the file too, under ``"iteration"``.
            state: tensors, numbers, strings, None, and dicts, lists and tuples of them.
            best: whether this is the best checkpoint so far. If so, ``best`` points at it as well.

        Raises:
            TypeError: the state holds something that `load` would refuse.
        """
        import torch

        _require_plain(state, "state")
        self.directory.mkdir(exist_ok=True)
        path = self._path(iteration)
        with atomic_file(path) as file:
            torch.save({**state, "iteration": iteration}, file)
        if best:
            replace_symlink(self.directory / "best", path.name)
        replace_symlink(self.directory / "last", path.name)
        self._drop_old()

    def load(self, which: str | int) -> dict[str, Any]:
        """Return a saved state. All its tensors are on the CPU.

        Args:
            which: ``"last"``, ``"best"``, or a number of iterations.

        Raises:
            CheckpointNotFoundError: there is no such checkpoint.
            CheckpointError: its file is damaged.
        """
        import torch

        path = self._path(which)
        if not path.is_file():
            raise CheckpointNotFoundError(self._missing(which))
        try:
            _verify_checksums(path)
            state = torch.load(path, map_location="cpu", weights_only=True)
            if not isinstance(state, dict) or type(state.get("iteration")) is not int:
                raise ValueError("no iteration in it")
            if state["iteration"] != _number(path):
                raise ValueError(f"it is of iteration {state['iteration']}")
            self._check(state)
        except OSError:
            raise
        except Exception as error:  # torch.load raises errors of many types for damaged files
            reason = str(error).partition("\n")[0]
            raise CheckpointError(f"{path.resolve()} is damaged: {reason}{self._others(path)}") from error
        return state

    def load_newest(self, warn: Callable[[str], None]) -> dict[str, Any] | None:
        """Return the newest state that can be read, or None if there are no checkpoints.

        Newer files are damaged: they are renamed to ``*.damaged``. Then the links are repaired.

        Args:
            warn: is called with one line if files were damaged. The line names the newest of them, and the file that
                was read instead.

        Raises:
            CheckpointError: there are checkpoints, and all are damaged.
        """
        damaged: list[str] = []
        for iteration in reversed(self.iterations()):
            try:
                state = self.load(iteration)
            except CheckpointError as error:
                damaged.append(str(error))
                continue
            self._set_aside_after(iteration)
            self._repair_links(iteration, state.get("best_iteration"))
            if damaged:
                warn(f"{damaged[0]}; going on from {self._path(iteration)} instead")
            return state
        if damaged:
            raise CheckpointError(f"no checkpoint can be read: {damaged[0]}")
        return None

    def exists(self, which: str | int) -> bool:
        """Whether there is a checkpoint ``"last"``, ``"best"`` or of an iteration."""
        return self._path(which).is_file()

    def iterations(self) -> list[int]:
        """The iterations that have a checkpoint, in ascending order."""
        return sorted(int(path.stem) for path in self.directory.glob("*.pt") if path.stem.isdecimal())

    def _path(self, which: str | int) -> Path:
        return self.directory / (f"{which:06d}.pt" if isinstance(which, int) else which)

    def _set_aside_after(self, iteration: int) -> None:
        for later in (number for number in self.iterations() if number > iteration):
            self._path(later).replace(self._path(later).with_suffix(".damaged"))

    def _repair_links(self, iteration: int, best: int | None) -> None:
        """Point the links at the right files. They are wrong where a process was killed between file and link."""
        replace_symlink(self.directory / "last", self._path(iteration).name)
        if best is not None and self._path(best).is_file():
            replace_symlink(self.directory / "best", self._path(best).name)
        elif not self.exists("best"):
            (self.directory / "best").unlink(missing_ok=True)

    def _drop_old(self) -> None:
        linked = {(self.directory / link).resolve() for link in ("last", "best")}
        for iteration in self.iterations()[: -self.keep]:
            path = self._path(iteration)
            if path.resolve() not in linked:
                path.unlink()

    def _missing(self, which: str | int) -> str:
        name = f"of iteration {which}" if isinstance(which, int) else f"{which!r}"
        there = ", ".join(map(str, self.iterations()))
        return f"{self.directory.parent} has no checkpoint {name}" + (f"; there are: {there}" if there else " yet")

    def _others(self, damaged: Path) -> str:
        others = [str(number) for number in self.iterations() if self._path(number).resolve() != damaged.resolve()]
        return f"; other checkpoints: {', '.join(others)}" if others else ""


def _number(path: Path) -> int:
    """The iteration in the file name of a checkpoint. A link is followed."""
    return int(path.resolve().stem)


def _verify_checksums(path: Path) -> None:
    """Refuse files with flipped bits, which `torch.load` accepts, and compressed ones, which could fill the memory."""
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("a part of it is compressed; checkpoints never are")
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"{damaged} does not match its checksum")


def _require_plain(value: Any, where: str) -> None:
    """Refuse when saving what `torch.load` with `weights_only` would refuse when loading."""
    import torch

    if isinstance(value, dict):
        for key, item in value.items():
            _require_plain(key, f"a key of {where}")
            _require_plain(item, f"{where}[{key!r}]")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _require_plain(item, f"{where}[{index}]")
    elif type(value) not in (*_PLAIN, torch.Tensor):
        raise TypeError(f"{where} is a {type(value).__name__}, not a tensor or a plain value")
