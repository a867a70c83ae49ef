"""The planes that a benchmark's tasks lie in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class View:
    """A plane, and which of a task's parameters are the places in it.

    Attributes:
        x: name of the horizontal axis.
        y: name of the vertical axis.
        place: parameters of where the task's goal is, or of what else tells it from others.
        start: parameters of where the puck starts from; None where none has to be moved.
        to_scale: whether both axes are in metres.
    """

    x: str
    y: str
    place: tuple[int, int]
    start: tuple[int, int] | None = None
    to_scale: bool = True


_TOP: Final = ("x (m)", "y (m)")
_FRONT: Final = ("x (m)", "height (m)")

# Parameters of an ML1 task are the position of the puck and that of the goal, each (x, y, height).
VIEWS: Final[Mapping[str, Sequence[View]]] = {
    "ml1/reach-v3": (View(*_TOP, (3, 4)), View(*_FRONT, (3, 5))),
    "ml1/push-v3": (View(*_TOP, (3, 4), (0, 1)),),
    "ml1/pick-place-v3": (View(*_TOP, (3, 4), (0, 1)), View(*_FRONT, (3, 5), (0, 2))),
    "navigation2d": (View("x", "y", (0, 1)),),
    "sinusoid": (View("phase", "amplitude", (1, 0), to_scale=False),),
}
"""By the name of the benchmark, the views to draw from the top to the bottom."""
