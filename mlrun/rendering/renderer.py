"""Draws frames of a world."""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

import copy
import sys
from collections.abc import Sequence
from typing import Any, Final, Self

import mujoco
import numpy as np
from mujoco import mjtCatBit, mjtGeom

from mlrun.registry import UnknownNameError
from mlrun.rendering.gl_context import RenderingUnavailableError, make_gl_context
from mlrun.simulation.decoration import CAMERAS
from mlrun.simulation.protocol import Physics
from mlrun.simulation.scene import Scene
from mlrun.simulation.tabletop import SAWYER_AND_PUCK

_MAX_GEOMS: Final = 200
_GOAL_COLOUR: Final = (0.05, 0.72, 0.22)
_GOAL_OPACITY: Final = 0.25
_CENTRE_RADIUS: Final = 0.01  # metres
_LINE_RADIUS: Final = 0.0015  # metres


class Renderer:
    """Draws worlds of the Sawyer scene. It needs no screen.

    Args:
        width: of the frames, in pixels.
        height: of the frames, in pixels.
        camera: a camera of the scene: "front", "close", "side" or "top".
        scene: what there is in the worlds that are drawn.

    Raises:
        UnknownNameError: the scene has no such camera.
        RenderingUnavailableError: this machine cannot draw.
    """

    _gl_context: Any = None  # None before it is made and after it is freed

    def __init__(self, width: int = 480, height: int = 480, camera: str = "front", scene: Scene = SAWYER_AND_PUCK):
        if camera not in CAMERAS:
            raise UnknownNameError.among("camera", camera, CAMERAS)
        self._gl_context = make_gl_context(width, height)
        self._driver: mujoco.MjrContext | None = None
        self._gl_context.make_current()
        self._model = model = copy.copy(scene.drawn_model)
        model.vis.global_.offwidth, model.vis.global_.offheight = width, height
        self._data = mujoco.MjData(model)
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = model.camera(camera).id
        self._options = mujoco.MjvOption()
        self._scene = mujoco.MjvScene(model, _MAX_GEOMS)
        self._viewport = mujoco.MjrRect(0, 0, width, height)
        self._driver = self._make_driver()

    def frame(
        self, physics: Physics, world: int, goal: Sequence[float] | np.ndarray, success_radius: float = 0.05
    ) -> np.ndarray:
        """Draws one world in its current state.

        Args:
            physics: the physics with the world. It is not changed.
            world: the index of the world.
            goal: (3,) position of the goal, in metres.
            success_radius: radius of the translucent ball around the goal, in metres.

        Returns:
            The frame, (height, width, 3) uint8.

        Raises:
            RuntimeError: the renderer is closed.
        """
        model, data = self._model, self._data
        if self._gl_context is None:
            raise RuntimeError("this renderer is closed")
        mujoco.mj_setState(model, data, physics.state(world), mujoco.mjtState.mjSTATE_INTEGRATION.value)
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        everything = mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(model, data, self._options, None, self._camera, everything, self._scene)
        self._mark_goal(np.asarray(goal, dtype=np.float64), success_radius)
        pixels = np.empty((self._viewport.height, self._viewport.width, 3), dtype=np.uint8)
        self._gl_context.make_current()
        mujoco.mjr_render(self._viewport, self._scene, self._driver)
        mujoco.mjr_readPixels(pixels, None, self._viewport, self._driver)
        return pixels[::-1].copy()  # OpenGL counts rows from the bottom

    def close(self) -> None:
        """Frees the resources of the graphics driver. The renderer cannot draw any more. Closing twice is allowed."""
        if self._gl_context is None:
            return
        # Free the driver in its own context: in another context the same numbers name other things.
        with self._gl_context.as_current():
            if self._driver is not None:
                self._driver.free()
        self._gl_context.free()
        self._gl_context = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not sys.is_finalizing():  # at exit the bindings may be gone, and everything is freed anyway
            self.close()

    def _make_driver(self) -> mujoco.MjrContext:
        try:
            driver = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        except mujoco.FatalError as error:  # the context lacks what MuJoCo needs to draw
            raise RenderingUnavailableError(f"cannot draw: {error}") from error
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, driver)
        return driver

    def _mark_goal(self, goal: np.ndarray, success_radius: float) -> None:
        """Draws the centre of the goal, a line from it down to the table, and the ball in which the task is solved."""
        self._add_to_scene(mjtGeom.mjGEOM_SPHERE, _CENTRE_RADIUS, goal)
        line = self._add_to_scene(mjtGeom.mjGEOM_CAPSULE, _LINE_RADIUS, goal)
        foot = goal * (1, 1, 0)
        mujoco.mjv_connector(line, mjtGeom.mjGEOM_CAPSULE.value, _LINE_RADIUS, foot, goal)
        self._add_to_scene(mjtGeom.mjGEOM_SPHERE, success_radius, goal, _GOAL_OPACITY)

    def _add_to_scene(
        self, shape: mjtGeom, radius: float, position: np.ndarray, opacity: float = 1.0
    ) -> mujoco.MjvGeom:
        geom = self._scene.geoms[self._scene.ngeom]
        colour = np.array((*_GOAL_COLOUR, opacity), dtype=np.float32)
        mujoco.mjv_initGeom(geom, shape.value, np.full(3, radius), position, np.eye(3).flatten(), colour)
        self._scene.ngeom += 1
        return geom
