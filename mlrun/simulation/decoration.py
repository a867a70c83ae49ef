"""What is only drawn: the look of the arm and the table, lights, cameras and the sky."""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

from typing import Final, NamedTuple

import mujoco
import numpy as np

from mlrun.simulation.sawyer import SHAPES, Box, Capsule, Cylinder, Paint, Vector

DRAWN_GROUP: Final = 1

Colour = tuple[float, float, float, float]


class _Material(NamedTuple):
    colour: Colour
    specular: float
    shininess: float


class _View(NamedTuple):
    """A camera: its position, the point it looks at, and its vertical field of view in degrees."""

    position: Vector
    target: Vector
    field_of_view: float


_MATERIALS: Final[dict[Paint, _Material]] = {
    "red": _Material((0.66, 0.07, 0.09, 1.0), 0.35, 0.6),
    "dark": _Material((0.13, 0.135, 0.15, 1.0), 0.3, 0.5),
    "steel": _Material((0.6, 0.62, 0.65, 1.0), 0.3, 0.5),
    "wood": _Material((0.88, 0.79, 0.64, 1.0), 0.05, 0.1),
    "trim": _Material((0.62, 0.64, 0.67, 1.0), 0.05, 0.1),
    "screen": _Material((0.25, 0.55, 0.75, 1.0), 0.2, 0.8),
    "puck": _Material((0.08, 0.38, 0.98, 1.0), 0.3, 0.6),
    "floor": _Material((0.84, 0.87, 0.90, 1.0), 0.0, 0.0),
}
_SKY: Final = ((0.95, 0.97, 0.99), (0.66, 0.70, 0.74))  # above, below
CAMERAS: Final = {
    "front": _View((0.80, 1.66, 1.05), (0.0, 0.5, 0.235), 37),
    "close": _View((0.5, 1.32, 0.66), (0.0, 0.74, 0.11), 34),
    "side": _View((1.5, 0.72, 0.75), (0.0, 0.5, 0.2), 38),
    "top": _View((0.0, 0.6, 1.6), (0.0, 0.62, 0.0), 38),
}


def add_materials(spec: mujoco.MjSpec) -> None:
    """Adds a material for every paint, under its name."""
    for paint, (colour, specular, shininess) in _MATERIALS.items():
        spec.add_material(name=paint, rgba=colour, specular=specular, shininess=shininess)


def decorate(spec: mujoco.MjSpec) -> None:
    """Adds everything that is only drawn. `add_materials` must come first."""
    for shape in SHAPES:
        _add_shape(spec, shape)
    _add_light(spec)
    for name, view in CAMERAS.items():
        _add_camera(spec, name, view)


def _add_shape(spec: mujoco.MjSpec, shape: Capsule | Cylinder | Box) -> None:
    drawn = {"contype": 0, "conaffinity": 0, "group": DRAWN_GROUP, "material": shape.paint}
    body = spec.body(shape.body)
    if isinstance(shape, Box):
        body.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=shape.half_size, pos=shape.position, **drawn)
        return
    round_end = isinstance(shape, Capsule)
    kind = mujoco.mjtGeom.mjGEOM_CAPSULE if round_end else mujoco.mjtGeom.mjGEOM_CYLINDER
    body.add_geom(type=kind, fromto=(*shape.start, *shape.end), size=(shape.radius, 0, 0), **drawn)


def _add_light(spec: mujoco.MjSpec) -> None:
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=_SKY[0],
        rgb2=_SKY[1],
        width=128,
        height=128,
    )
    visual = spec.visual
    visual.headlight.ambient = (0.5, 0.5, 0.5)
    visual.headlight.diffuse = (0.2, 0.2, 0.2)
    visual.headlight.specular = (0.0, 0.0, 0.0)
    visual.quality.shadowsize = 2048
    # The part of the world that the shadow map covers.
    spec.stat.center, spec.stat.extent = (0, 0.5, 0), 2.0
    visual.map.shadowclip = 1.0
    spec.worldbody.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=(0.6, 1.2, 3),
        dir=(-0.15, -0.2, -1),
        diffuse=(0.36, 0.36, 0.36),
        specular=(0.3, 0.3, 0.3),
    )


def _add_camera(spec: mujoco.MjSpec, name: str, view: _View) -> None:
    backwards = np.subtract(view.position, view.target)
    rightwards = np.cross((0.0, 0.0, 1.0), backwards)
    camera = spec.worldbody.add_camera(name=name, pos=view.position, fovy=view.field_of_view)
    camera.alt.type = mujoco.mjtOrientation.mjORIENTATION_XYAXES
    camera.alt.xyaxes = (*rightwards, *np.cross(backwards, rightwards))
