"""Writing frames to files: mp4 and gif videos, and png strips."""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from mlrun.analysis.films.joining import joined
from mlrun.errors import MlrunError
from mlrun.extras import require_extra
from mlrun.runs.files import atomic_file

if TYPE_CHECKING:
    from PIL import Image

Frames = Iterable[np.ndarray]
"""Pictures (height, width, 3) uint8, all of one size."""

_GAP: Final = 6  # pixels between the pictures of a strip
_LARGE_AREA: Final = 0.05  # of a picture
_NEAR: Final = 8  # levels; Pillow looks up a colour rounded down to 4 of them, and would take others as near as that


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
    require_extra("video", package, f"writing {path.suffix} files")
    return write


def has_ffmpeg() -> bool:
    """Whether there is what writes an mp4."""
    try:
        importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    except (ImportError, RuntimeError):  # not installed, or installed without the program
        return False
    return True


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

    with atomic_file(path) as file:
        pictures = [Image.fromarray(frame) for frame in frames]
        # One palette for all frames: what does not move then has the same numbers in all of them and takes no space.
        palette = _palette([np.asarray(pictures[index]) for index in (0, len(pictures) // 2, -1)])
        first, *others = (picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures)
        first.save(file, "GIF", save_all=True, append_images=others, duration=1000 / fps, loop=0, disposal=1)


def _palette(samples: Sequence[np.ndarray]) -> Image.Image:
    """A picture with a palette for others like `samples`, exact for colours of large areas: white must stay white."""
    from PIL import Image

    image = Image.fromarray(np.concatenate(samples))
    palette = image.quantize(255)
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    for count, colour in image.getcolors(image.width * image.height) or []:
        if count > _LARGE_AREA * image.width * image.height:
            distance = np.abs(colours - colour).max(1)
            colours[distance <= max(distance.min(), _NEAR)] = colour
    palette.putpalette(colours.flatten().tolist())
    return palette


def _write_png(path: Path, frames: Frames, fps: int) -> None:
    from PIL import Image

    strip = joined(list(frames), axis=1, gap=_GAP)
    with atomic_file(path) as file:
        Image.fromarray(strip).save(file, "PNG", optimize=True)


_WRITERS: Final = {
    ".mp4": ("imageio_ffmpeg", _write_mp4),
    ".gif": ("PIL.Image", _write_gif),
    ".png": ("PIL.Image", _write_png),
}
EXTENSIONS: Final = tuple(_WRITERS)
