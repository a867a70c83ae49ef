import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlrun.analysis.films.files import EXTENSIONS, EncodingError, joined, writer_for
from mlrun.extras import MissingExtraError

HEIGHT, WIDTH, FPS = 48, 64, 20
COUNT = 7


def frames():
    """A white square that moves to the right over grey."""
    for index in range(COUNT):
        frame = np.full((HEIGHT, WIDTH, 3), 90, dtype=np.uint8)
        frame[10:20, 6 * index : 6 * index + 10] = 255
        yield frame


def test_an_mp4_has_all_frames_at_their_rate_and_plays_everywhere(tmp_path):
    from imageio_ffmpeg import get_ffmpeg_exe

    path = tmp_path / "out.mp4"
    writer_for(path)(path, frames(), FPS)
    decode = [get_ffmpeg_exe(), "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(decode, capture_output=True, check=True)
    [stream, *_] = re.findall(r"Stream #0.*Video: .*", decoded.stderr.decode())
    assert all(said in stream for said in ("h264", "yuv420p", f"{WIDTH}x{HEIGHT}", f"{FPS} fps"))
    shown = np.frombuffer(decoded.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)
    assert len(shown) == COUNT
    assert np.abs(shown[-1].astype(int) - list(frames())[-1]).mean() < 5


def test_a_gif_has_all_frames_at_their_rate_and_repeats(tmp_path):
    from PIL import Image

    path = tmp_path / "out.GIF"
    writer_for(path)(path, frames(), FPS)
    with Image.open(path) as image:
        shown, durations = [], []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            shown.append(np.asarray(image.convert("RGB")))
            durations.append(image.info["duration"])
        assert image.info["loop"] == 0
    assert durations == [1000 / FPS] * COUNT
    np.testing.assert_allclose(shown, list(frames()), atol=8)


def test_a_gif_keeps_the_colours_of_large_areas_also_late_ones(tmp_path):
    from PIL import Image

    noise = np.random.default_rng(0).integers(248, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    pictures = [noise, noise.copy()]
    for picture, colour in zip(pictures, ((255, 255, 255), (0, 105, 80)), strict=True):
        picture[30:] = colour
    path = tmp_path / "out.gif"
    writer_for(path)(path, iter(pictures), FPS)
    with Image.open(path) as image:
        for index, picture in enumerate(pictures):
            image.seek(index)
            np.testing.assert_array_equal(np.asarray(image.convert("RGB"))[30:], picture[30:])


def test_a_png_has_the_frames_side_by_side(tmp_path):
    from PIL import Image

    path = tmp_path / "out.png"
    writer_for(path)(path, frames(), 1)
    with Image.open(path) as image:
        strip = np.asarray(image)
    assert strip.shape[0] == HEIGHT
    assert COUNT * WIDTH < strip.shape[1] < (COUNT + 1) * WIDTH
    first, *_, last = frames()
    np.testing.assert_array_equal(strip[:, :WIDTH], first)
    np.testing.assert_array_equal(strip[:, -WIDTH:], last)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, extension):
    def failing():
        yield from list(frames())[:2]
        raise RuntimeError("stop")

    path = tmp_path / f"out{extension}"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="stop"):
        writer_for(path)(path, failing(), FPS)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("end", "reason"),
    [("cat > /dev/null; echo disk full >&2; exit 3", "disk full"), ("cat > /dev/null; kill -9 $$", "exit code -9")],
)
def test_an_encoder_that_fails_is_one_line_and_leaves_the_old_file(tmp_path, monkeypatch, end, reason):
    encoder, path = tmp_path / "ffmpeg", tmp_path / "out.mp4"
    encoder.write_text(f"#!/bin/sh\n{end}\n")
    encoder.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(encoder))
    path.write_text("old")
    with pytest.raises(EncodingError, match=f"out.mp4': ffmpeg failed: {reason}$"):
        writer_for(path)(path, frames(), FPS)
    assert path.read_text() == "old"
    assert set(tmp_path.iterdir()) == {encoder, path}


@pytest.mark.parametrize(("extension", "package"), [(".mp4", "imageio_ffmpeg"), (".gif", "PIL"), (".png", "PIL")])
def test_a_missing_package_is_one_line_that_names_the_extra(monkeypatch, extension, package):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r" pip install .*\[video\]'"):
        writer_for(Path(f"out{extension}"))


@pytest.mark.parametrize("axis", [0, 1])
def test_joined_pictures_keep_their_order_with_white_between_them(axis):
    pictures = [np.full((2, 2, 3), number, dtype=np.uint8) for number in (10, 20, 30)]
    line = np.moveaxis(joined(pictures, axis, 1), axis, 0)[:, 0, 0]
    assert line.tolist() == [10, 10, 255, 20, 20, 255, 30, 30]
