"""The film options of `mlrun render`: their checks, and how a film is drawn to a file."""

from __future__ import annotations

import importlib
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mlrun.cli.shared.output import note
from mlrun.cli.shared.progress import drawing_progress

if TYPE_CHECKING:
    import numpy as np

    from mlrun.analysis.films.episode import Episodes, Moment

    Draw = Callable[[Episodes, Callable[[Moment], np.ndarray]], None]
    """Plays episodes once and writes a film. The function makes a frame of each moment, (height, width, 3) uint8."""

PICTURES_IN_A_STRIP = 5
_STRIP = ".png"
_FPS = {".mp4": 40, ".gif": 20, _STRIP: 1}  # the defaults; a strip has no speed to choose
_SMALLEST_SIDE, _LARGEST_SIDE = 32, 2160


@dataclass(frozen=True)
class Film:
    """A film to draw: its file and its look.

    Attributes:
        path: file to write or replace.
        width: width of the picture of one world, in pixels.
        height: height of the picture of one world, in pixels.
        camera: name of the camera.
        fps: frames per second.
        speed: simulated seconds per second of film; 1 is real time.
    """

    path: Path
    width: int
    height: int
    camera: str
    fps: int
    speed: float

    def _moments(self, horizon: int) -> list[int]:
        """The control steps after which there is a frame."""
        from mlrun.analysis.films.episode import strip_moments, video_moments

        if is_strip(self.path):
            return strip_moments(horizon, PICTURES_IN_A_STRIP)
        return video_moments(horizon, self.fps, self.speed)

    @contextmanager
    def drawing(self) -> Iterator[Draw]:
        """Yield a function that draws episodes to the file. Until it exits, SIGTERM raises `Interrupted`.

        Raises:
            MlrunError: this machine cannot draw, or cannot write this kind of file.
            typer.BadParameter: there is no such camera.
        """
        _load_mujoco()
        from mlrun.analysis.films.files import writer_for
        from mlrun.registry import UnknownNameError
        from mlrun.rendering import Renderer

        write = writer_for(self.path)
        try:
            renderer = Renderer(self.width, self.height, self.camera)
        except UnknownNameError as error:
            raise typer.BadParameter(str(error)) from None

        def draw(episodes: Episodes, picture: Callable[[Moment], np.ndarray]) -> None:
            moments = episodes.moments(renderer, self._moments(episodes.horizon))
            with drawing_progress(moments, episodes.horizon) as shown:
                write(self.path, map(picture, shown), self.fps)

        with renderer, _sigterm_raises():
            yield draw


@dataclass(frozen=True)
class FilmOptions:
    """The film options as given; None for an option that was not given."""

    output: Path | None
    size: str | None
    camera: str | None
    fps: int | None
    speed: float | None

    def film(self, path: Path, size: str, camera: str, speed: float, fps: int | None = None) -> Film:
        """Check the options and fill in defaults.

        Args:
            path: default file.
            size: default size of a picture, such as ``"640x480"``.
            camera: default camera.
            speed: default speed.
            fps: default frames per second; None for that of the kind of file.

        Raises:
            typer.BadParameter: an option is wrong, or the options do not fit together.
        """
        path, (width, height) = self.output or path, _parse_size(self.size or size)
        extension = path.suffix.lower()
        if extension not in _FPS:
            raise typer.BadParameter(f"--output must end in {', '.join(_FPS)}, not {str(path)!r}")
        if extension == ".mp4" and (width % 2 or height % 2):
            raise typer.BadParameter("--size must be even in an mp4")
        if extension == ".gif" and self.fps is not None and (self.fps > 50 or 100 % self.fps):
            raise typer.BadParameter(f"--fps of a gif must be 50, 25, 20, 10, 5, 4, 2 or 1, not {self.fps}")
        if self.output is not None or path.parent == Path():
            _require_writable(path, "" if self.output is None else "--output: ")
        if is_strip(path):
            refuse_if_given("--fps", self.fps, "needs an .mp4 or .gif; a strip does not move")
            refuse_if_given("--speed", self.speed, "needs an .mp4 or .gif; a strip does not move")
        fps = self.fps or fps or _FPS[extension]
        return Film(path, width, height, self.camera or camera, fps, self.speed or speed)


def is_strip(path: Path) -> bool:
    """Whether the file is a strip: one picture that shows several moments side by side."""
    return path.suffix.lower() == _STRIP


def video_extension() -> str:
    """Extension of a file that the user did not name: .mp4, or .gif if nothing here can write an mp4."""
    from mlrun.analysis.films.files import has_ffmpeg
    from mlrun.extras import install_command

    if has_ffmpeg():
        return ".mp4"
    note(f"drawing a gif; to draw an mp4, install another package: {install_command('video')}")
    return ".gif"


def refuse_if_given(option: str, given: object, why: str) -> None:
    """Refuse an option that does not apply.

    Raises:
        typer.BadParameter: the option was given.
    """
    if given is not None:
        raise typer.BadParameter(f"{option} {why}")


def _require_writable(path: Path, option: str) -> None:
    if path.is_dir() or not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise typer.BadParameter(f"{option}cannot write {str(path)!r}; does the directory exist, and is it writable?")


def _parse_size(text: str) -> tuple[int, int]:
    sides = re.fullmatch(r"(\d+)x(\d+)", text)
    width, height = map(int, sides.groups()) if sides else (0, 0)
    if not all(_SMALLEST_SIDE <= side <= _LARGEST_SIDE for side in (width, height)):
        raise typer.BadParameter(
            f"--size must be like 640x480, each side from {_SMALLEST_SIDE} to {_LARGEST_SIDE}, not {text!r}"
        )
    return width, height


def _load_mujoco() -> None:
    """Import mujoco. This fails if MUJOCO_GL names a graphics library that this machine does not have."""
    from mlrun.errors import MlrunError

    try:
        importlib.import_module("mujoco")
    except Exception as error:  # its type depends on the library that is missing
        raise MlrunError(
            f"cannot load mujoco with MUJOCO_GL={os.environ.get('MUJOCO_GL', '')!r}: {error}; try without MUJOCO_GL"
        ) from error


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Raise `Interrupted` on SIGTERM, so that a half-written file is removed."""
    from mlrun.errors import Interrupted

    def stop(number: int, _: object) -> None:
        raise Interrupted(number)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
