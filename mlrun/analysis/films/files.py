"""Writing frames to mp4 and gif videos and png strips, and joining several pictures into one."""

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

from mlrun.errors import MlrunError
from mlrun.extras import require_extra
from mlrun.runs.files import atomic_file

if TYPE_CHECKING:
    from PIL import Image

Frames = Iterable[np.ndarray]
"""Pictures ``(height, width, 3)`` uint8, all of one size."""

WHITE: Final = 255

_GAP: Final = 6  # pixels between the pictures of a strip
_LARGE_AREA: Final = 0.05  # share of a picture
_NEAR: Final = 8  # levels; Pillow rounds colours down to 4 levels, so it may take another colour as near as this


class EncodingError(MlrunError):
    """The program that encodes videos failed."""


def writer_for(path: Path) -> Callable[[Path, Frames, int], None]:
    """The function that writes files with the extension of `path`.

    Its arguments are the path, the frames and the frames per second. It replaces an old file only when all frames are
    written.

    Raises:
        KeyError: the extension is not one of `EXTENSIONS`.
        MissingExtraError: the packages that write such files are not installed.
    """
    package, write = _WRITERS[path.suffix.lower()]
    require_extra("video", package, f"writing {path.suffix} files")
    return write


def joined(pictures: Sequence[np.ndarray], axis: int, gap: int) -> np.ndarray:
    """Puts pictures ``(height, width, 3)`` uint8 in a row or a column, with white between them.

    Args:
        pictures: of one height for a row, of one width for a column.
        axis: 0 for a column, 1 for a row.
        gap: pixels between two pictures.
    """
    shape = list(pictures[0].shape)
    shape[axis] = gap
    white = np.full(shape, WHITE, dtype=np.uint8)
    return np.concatenate([part for picture in pictures for part in (white, picture)][1:], axis=axis)


def has_ffmpeg() -> bool:
    """Whether ffmpeg is here, which writes mp4 files."""
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
        # In its own process group: Ctrl-C in a terminal must reach this process only, not ffmpeg.
        ffmpeg = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints, process_group=0)
        assert ffmpeg.stdin is not None
        with contextlib.suppress(BrokenPipeError), ffmpeg:  # the exit code below tells more
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
        # One palette for all frames: what does not move is then equal in all frames and takes no space.
        palette = _palette([np.asarray(pictures[index]) for index in (0, len(pictures) // 2, -1)])
        first, *others = (picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures)
        first.save(file, "GIF", save_all=True, append_images=others, duration=1000 / fps, loop=0, disposal=1)


def _palette(samples: Sequence[np.ndarray]) -> Image.Image:
    """A picture with the palette for frames like `samples`. Colours of large areas are exact: white stays white."""
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
