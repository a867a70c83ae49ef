import pytest

from mlrun.rendering import RenderingUnavailableError, gl_context
from mlrun.rendering.gl_context import choose_backend, make_gl_context


@pytest.fixture
def machine(monkeypatch):
    """Pretends that this machine has certain backends and environment variables."""

    def look(*, egl: bool = False, osmesa: bool = False, **environment: str) -> None:
        for name in ("MUJOCO_GL", "DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(gl_context, "_has_egl_device", lambda: egl)
        monkeypatch.setattr("ctypes.util.find_library", lambda name: "libOSMesa.so" if osmesa else None)

    return look


@pytest.mark.parametrize(
    ("has", "chosen"),
    [
        ({"egl": True, "osmesa": True, "DISPLAY": ":0"}, "egl"),
        ({"osmesa": True, "DISPLAY": ":0"}, "osmesa"),
        ({"DISPLAY": ":0"}, "glfw"),
        ({}, None),
        ({"egl": True, "MUJOCO_GL": "osmesa"}, "osmesa"),
        ({"MUJOCO_GL": " EGL "}, "egl"),
        ({"osmesa": True, "MUJOCO_GL": "on"}, "osmesa"),
        ({"egl": True, "MUJOCO_GL": "off"}, None),
    ],
)
def test_the_environment_variable_chooses_the_backend_or_else_the_machine(machine, has, chosen):
    machine(**has)
    assert choose_backend() == chosen


def test_without_a_backend_the_error_names_what_to_install(machine):
    machine()
    with pytest.raises(RenderingUnavailableError, match=r"libegl1 .*libosmesa6.*MUJOCO_GL"):
        make_gl_context(8, 8)


def test_a_driver_that_fails_is_one_line_with_its_reason(machine, monkeypatch):
    machine(egl=True)

    def fail(name):
        raise OSError("the driver is broken. It says so at length.\nTwice.")

    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(RenderingUnavailableError) as caught:
        make_gl_context(8, 8)
    assert "cannot draw with egl: the driver is broken; install" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
