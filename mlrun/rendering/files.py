"""Writing frames to files: mp4 and gif videos, and png strips."""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from mlrun.experiment.atomic import atomic_file
from mlrun.experiment.errors import MlrunError

Frames = Iterable[np.ndarray]
"""Pictures (height, width, 3) uint8, all of one size."""

_GAP: Final = 6  # pixels between the pictures of a strip
_WHITE: Final = 255


class MissingExtraError(MlrunError):
    """A package that writes this kind of file is not installed."""


class EncodingError(MlrunError):
    """The program that encodes videos has failed."""


def writer_for(path: Path) -> Callable[[Path, Frames, int], None]:
    """What writes a file with the extension of `path`: a function of the path, the frames and their number per second.

    It leaves what was there before as it is unless all frames were written.

    Raises:
        KeyError: the extension is not one of `EXTENSIONS`.
        MissingExtraError: the packages that write it are not installed.
    """
    package, write = _WRITERS[path.suffix.lower()]
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise MissingExtraError(
            f"writing {path.suffix} files needs another package: pip install 'mlrun-meta[video]'"
        ) from error
    return write


def _write_mp4(path: Path, frames: Frames, fps: int) -> None:
    from imageio_ffmpeg import get_ffmpeg_exe

    remaining = iter(frames)
    first = next(remaining)
    size = f"{first.shape[1]}x{first.shape[0]}"
    source = f"-f rawvideo -pixel_format rgb24 -video_size {size} -framerate {fps} -i -"
    encoding = "-c:v libx264 -pix_fmt yuv420p -crf 20 -preset slow -movflags +faststart -f mp4"
    with atomic_file(path) as file, tempfile.TemporaryFile() as complaints:
        command = [get_ffmpeg_exe(), "-v", "error", *source.split(), *encoding.split(), "-y", f"file:{file.name}"]
        # In a process group of its own, so that Ctrl-C in a terminal is for this process alone to answer.
        ffmpeg = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints, process_group=0)
        assert ffmpeg.stdin is not None
        with contextlib.suppress(BrokenPipeError), ffmpeg:  # its exit code tells more
            for frame in chain([first], remaining):
                ffmpeg.stdin.write(frame)
        if ffmpeg.returncode != 0:
            complaints.seek(0)
            reason = complaints.readline().decode(errors="replace").strip() or f"exit code {ffmpeg.returncode}"
            raise EncodingError(f"cannot encode {str(path)!r}: ffmpeg failed: {reason}")


def _write_gif(path: Path, frames: Frames, fps: int) -> None:
    from PIL import Image

    remaining = iter(frames)
    # One palette for all frames: what does not move then has the same numbers in all of them and takes no space.
    first = Image.fromarray(next(remaining)).quantize(255)
    others = (Image.fromarray(frame).quantize(palette=first, dither=Image.Dither.NONE) for frame in remaining)
    with atomic_file(path) as file:
        first.save(file, "GIF", save_all=True, append_images=others, duration=1000 / fps, loop=0, disposal=1)


def _write_png(path: Path, frames: Frames, fps: int) -> None:
    from PIL import Image

    pictures = list(frames)
    gap = np.full((pictures[0].shape[0], _GAP, 3), _WHITE, dtype=np.uint8)
    strip = np.concatenate([part for picture in pictures for part in (gap, picture)][1:], axis=1)
    with atomic_file(path) as file:
        Image.fromarray(strip).save(file, "PNG", optimize=True)


_WRITERS: Final = {
    ".mp4": ("imageio_ffmpeg", _write_mp4),
    ".gif": ("PIL.Image", _write_gif),
    ".png": ("PIL.Image", _write_png),
}
EXTENSIONS: Final = tuple(_WRITERS)
