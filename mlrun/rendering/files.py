"""Writing frames to files: mp4 and gif videos, and png strips."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from mlrun.experiment.atomic import atomic_file
from mlrun.experiment.errors import MlrunError

Frames = Iterable[np.ndarray]
"""Pictures (height, width, 3) uint8, all of one size."""

_GAP: Final = 6  # pixels between the pictures of a strip
_WHITE: Final = 255


class MissingExtraError(MlrunError):
    """A package that writes this kind of file is not installed."""


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
    import imageio_ffmpeg

    with atomic_file(path) as file:
        encoder: Any = None
        try:
            for frame in frames:
                if encoder is None:
                    encoder = imageio_ffmpeg.write_frames(
                        file.name,
                        frame.shape[1::-1],
                        fps=fps,
                        codec="libx264",
                        quality=6,
                        macro_block_size=2,
                        output_params=["-preset", "slow", "-movflags", "+faststart", "-f", "mp4"],
                    )
                    encoder.send(None)
                encoder.send(frame)
        finally:
            if encoder is not None:
                encoder.close()


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
