"""Where pictures are drawn: an OpenGL context that needs no screen."""

import ctypes
import ctypes.util
import importlib
import os
from typing import Any, Final

from mlrun.errors import MlrunError

MODULES: Final = {"egl": "mujoco.egl", "osmesa": "mujoco.osmesa", "glfw": "mujoco.glfw", "glx": "mujoco.glfw"}
_NOT_A_CHOICE: Final = ("", "enable", "enabled", "on", "true", "1")
_REMEDY: Final = (
    "install EGL (Debian: libegl1 libegl-mesa0 libgl1-mesa-dri) or OSMesa (libosmesa6),"
    " and leave MUJOCO_GL unset or set it to 'egl' or 'osmesa'"
)


class RenderingUnavailableError(MlrunError):
    """This machine has nothing to draw with; the message says why, and what to install."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; {_REMEDY}")


def make_gl_context(width: int, height: int) -> Any:
    """A context of MuJoCo's for pictures of this size in pixels, not yet current, which only its `free` frees.

    `MUJOCO_GL` says which kind; where it does not: EGL, else OSMesa, else a hidden window on the display that there is.

    Raises:
        RenderingUnavailableError: there is none.
    """
    backend = choose_backend()
    if backend is None:
        raise RenderingUnavailableError("there is nothing to draw with")
    try:
        # mujoco itself decides while it is imported, which is too early to choose for it by the environment.
        return _freed_by_hand(importlib.import_module(MODULES[backend]).GLContext)(width, height)
    except Exception as error:  # drivers and their bindings fail in ways of their own
        reason = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise RenderingUnavailableError(f"cannot draw with {backend}: {reason}") from error


def _freed_by_hand(context_class: type[Any]) -> type[Any]:
    """The same without a finaliser: the collector might run it before what was made in the context has been freed."""
    return type(context_class.__name__, (context_class,), {"__del__": lambda self: None})


def choose_backend() -> str | None:
    """The name of the kind of context to make, or None where there is none."""
    named = os.environ.get("MUJOCO_GL", "").strip().lower()
    if named not in _NOT_A_CHOICE:
        return named if named in MODULES else None
    if _has_egl_device():
        return "egl"
    if ctypes.util.find_library("OSMesa"):
        return "osmesa"
    return "glfw" if "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ else None


def _has_egl_device() -> bool:
    """Asks the library itself: once PyOpenGL has been loaded for EGL, this process can no longer turn to OSMesa."""
    name = ctypes.util.find_library("EGL")
    if name is None:
        return False
    library = ctypes.CDLL(name)
    library.eglGetProcAddress.restype = ctypes.c_void_p
    address = library.eglGetProcAddress(b"eglQueryDevicesEXT")
    if address is None:
        return False
    query = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int))(address)
    count = ctypes.c_int()
    return bool(query(0, None, ctypes.byref(count))) and count.value > 0
