"""Makes the OpenGL context that frames are drawn in. It needs no screen."""

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
    """This machine cannot draw. The message says why, and what to install."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; {_REMEDY}")


def make_gl_context(width: int, height: int) -> Any:
    """Makes one of MuJoCo's OpenGL contexts. It is not yet current, and only its `free` frees it.

    `MUJOCO_GL` chooses the backend. Without it the first that exists is used: EGL, OSMesa, a hidden window on the
    display.

    Args:
        width: of the frames, in pixels.
        height: of the frames, in pixels.

    Raises:
        RenderingUnavailableError: no backend exists, or the backend fails.
    """
    backend = choose_backend()
    if backend is None:
        raise RenderingUnavailableError("no way to draw was found")
    try:
        # mujoco.GLContext was chosen when mujoco was imported, so it may not be the one for this backend.
        return _freed_by_hand(importlib.import_module(MODULES[backend]).GLContext)(width, height)
    except Exception as error:  # drivers and their bindings raise errors of many types
        reason = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise RenderingUnavailableError(f"cannot draw with {backend}: {reason}") from error


def _freed_by_hand(context_class: type[Any]) -> type[Any]:
    """The same class without a finaliser, which could run before the things made in the context are freed."""
    return type(context_class.__name__, (context_class,), {"__del__": lambda self: None})


def choose_backend() -> str | None:
    """The name of the backend to use: "egl", "osmesa", "glfw" or "glx". None if there is no backend."""
    named = os.environ.get("MUJOCO_GL", "").strip().lower()
    if named not in _NOT_A_CHOICE:
        return named if named in MODULES else None
    if _has_egl_device():
        return "egl"
    if ctypes.util.find_library("OSMesa"):
        return "osmesa"
    return "glfw" if "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ else None


def _has_egl_device() -> bool:
    """Whether EGL has a device.

    It asks the library without PyOpenGL: a process that has loaded PyOpenGL for EGL cannot change to OSMesa.
    """
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
