"""The checkpoints of a run: files of tensors and plain values, each either complete or not there."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlrun.errors import CheckpointError, CheckpointNotFoundError
from mlrun.runs.files import atomic_file, replace_symlink

_HAS_LARGE = "has_large_state"  # in a checkpoint
_LARGE = ".large.pt"
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

    def save(
        self, iteration: int, state: dict[str, Any], *, best: bool = False, large: dict[str, Any] | None = None
    ) -> None:
        """Write a state, point ``last`` at its file, and delete the files that are too old.

        Args:
            iteration: iterations done. It is stored in the file too, under ``"iteration"``.
            state: tensors, numbers, strings, None, and dicts, lists and tuples of them.
            best: whether this is the best checkpoint so far. If so, ``best`` points at it as well.
            large: a state that goes into a file of its own beside it, such as ``000100.large.pt``: a replay buffer.

        Raises:
            TypeError: the state holds something that `load` would refuse.
        """
        import torch

        _require_plain(state, "state")
        self.directory.mkdir(exist_ok=True)
        path = self._path(iteration)
        if large is not None:
            _require_plain(large, "large state")
            with atomic_file(_large(path)) as file:  # first, so that no checkpoint ever lacks what it names
                torch.save({"iteration": iteration, "state": large}, file)
            state = {**state, _HAS_LARGE: True}
        with atomic_file(path) as file:
            torch.save({**state, "iteration": iteration}, file)
        if best:
            replace_symlink(self.directory / "best", path.name)
        replace_symlink(self.directory / "last", path.name)
        self._drop_old()

    def load(self, which: str | int) -> dict[str, Any]:
        """Return a saved state, without the large one beside it. All its tensors are on the CPU.

        Args:
            which: ``"last"``, ``"best"``, or a number of iterations.

        Raises:
            CheckpointNotFoundError: there is no such checkpoint.
            CheckpointError: its file is damaged.
        """
        path = self._path(which)
        if not path.is_file():
            raise CheckpointNotFoundError(self._missing(which))
        try:
            iteration = _number(path)
        except ValueError:
            raise CheckpointError(f"{path} leads to {path.resolve().name}, which is no checkpoint") from None
        return self._read(path, iteration, self._check)

    def _read(self, path: Path, iteration: int, check: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        import torch

        try:
            _verify_checksums(path)
            state = torch.load(path, map_location="cpu", weights_only=True)
            if not isinstance(state, dict) or type(state.get("iteration")) is not int:
                raise ValueError("no iteration in it")
            if state["iteration"] != iteration:
                raise ValueError(f"it is of iteration {state['iteration']}")
            check(state)
        except OSError:
            raise
        except Exception as error:  # torch.load raises errors of many types for damaged files
            reason = str(error).partition("\n")[0]
            raise CheckpointError(f"{path.resolve()} is damaged: {reason}{self._others(path)}") from error
        return state

    def load_newest(self, warn: Callable[[str], None]) -> dict[str, Any] | None:
        """Return the newest state that can be read, or None if there are no checkpoints.

        A large state that was saved with it is under ``"large_state"``. Newer files are damaged: they are renamed to
        ``*.damaged``. Then the links are repaired.

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
                if state.pop(_HAS_LARGE, False):
                    state["large_state"] = self._load_large(iteration)
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

    def _load_large(self, iteration: int) -> dict[str, Any]:
        path = _large(self._path(iteration))
        if not path.is_file():
            raise CheckpointError(f"{path} is missing{self._others(self._path(iteration))}")

        def check(saved: dict[str, Any]) -> None:
            if not isinstance(saved.get("state"), dict):
                raise ValueError("no state in it")

        return self._read(path, iteration, check)["state"]

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
            large = _large(self._path(later))
            if large.is_file():
                large.replace(large.with_suffix(".damaged"))

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
        for large in self.directory.glob(f"*{_LARGE}"):
            if not large.with_name(large.name.replace(_LARGE, ".pt")).is_file():
                large.unlink()

    def _missing(self, which: str | int) -> str:
        name = f"of iteration {which}" if isinstance(which, int) else f"{which!r}"
        there = ", ".join(map(str, self.iterations()))
        return f"{self.directory.parent} has no checkpoint {name}" + (f"; there are: {there}" if there else " yet")

    def _others(self, damaged: Path) -> str:
        others = [str(number) for number in self.iterations() if self._path(number).resolve() != damaged.resolve()]
        return f"; other checkpoints: {', '.join(others)}" if others else ""


def _large(path: Path) -> Path:
    """The file of the large state beside a checkpoint."""
    return path.with_suffix(_LARGE)


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
