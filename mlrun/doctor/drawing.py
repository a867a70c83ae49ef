"""Drawing a frame, in a process of its own: a graphics driver that crashes takes its process with it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Self

from mlrun.doctor.finding import NOTE, Finding

_PATIENCE = 15.0  # seconds from the start; software renderers on busy machines take a few
_COMMAND = [sys.executable, "-m", "mlrun.doctor.draw_frame"]


class Drawing:
    """A process that draws a frame, started at once."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + _PATIENCE
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(_COMMAND, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)

    def check(self) -> Iterator[Finding]:
        """How it went."""
        process = self._process
        try:
            out, err = process.communicate(timeout=max(0.1, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            slow = f"no frame was drawn within {_PATIENCE:.0f} s: drawing hangs, or the machine is busy"
            remedy = "see whether 'mlrun render reach-v3 -o x.png' works, also with MUJOCO_GL=osmesa"
            yield Finding("rendering", slow, NOTE, remedy)
            return
        if process.returncode == 0:
            yield Finding("rendering", out.strip())
        elif process.returncode < 0:
            yield _cannot(f"the graphics driver crashed with {signal.Signals(-process.returncode).name}")
        else:
            last_line = next(reversed(err.strip().splitlines()), f"exit code {process.returncode}")
            yield _cannot(last_line.partition(": ")[2] or last_line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()


def _cannot(text: str) -> Finding:
    remedy = "'mlrun render' will not work, all else does; try MUJOCO_GL=osmesa, or install EGL or OSMesa"
    return Finding("rendering", text, NOTE, "" if "install EGL" in text else remedy)
