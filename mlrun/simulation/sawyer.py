"""Tables of the Sawyer arm and of what stands around it: frames, inertias, hinges, and how each body is drawn.

Lengths are in metres, masses in kilograms, angles in radians; quaternions are (w, x, y, z) in any positive scale.
"""

from typing import Final, Literal, NamedTuple

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Paint = Literal["red", "dark", "steel", "wood", "trim", "screen", "puck", "floor"]

_ORIGIN: Final[Vector] = (0.0, 0.0, 0.0)
_IDENTITY: Final[Quaternion] = (1.0, 0.0, 0.0, 0.0)


class Inertia(NamedTuple):
    """A body's mass, principal moments, centre and principal axes, in the body's frame."""

    mass: float
    diagonal: Vector
    position: Vector = _ORIGIN
    quaternion: Quaternion = _IDENTITY


class Hinge(NamedTuple):
    """A hinge about the body's z axis, with its range. Every moving link of the arm has one."""

    name: str
    low: float
    high: float


class Link(NamedTuple):
    """One body: its frame in the parent's, its inertia (None: MuJoCo derives it from geoms), and its hinge, if any."""

    name: str
    parent: str
    position: Vector = _ORIGIN
    quaternion: Quaternion = _IDENTITY
    inertia: Inertia | None = None
    hinge: Hinge | None = None


class Capsule(NamedTuple):
    """A drawn capsule between two points of a body's frame."""

    body: str
    start: Vector
    end: Vector
    radius: float
    paint: Paint = "red"


class Cylinder(NamedTuple):
    """A drawn cylinder between two points of a body's frame."""

    body: str
    start: Vector
    end: Vector
    radius: float
    paint: Paint = "dark"


class Box(NamedTuple):
    """A drawn box around a point of a body's frame, by its half sizes."""

    body: str
    half_size: Vector
    position: Vector = _ORIGIN
    paint: Paint = "dark"


_NO_MASS: Final = Inertia(0.0, _ORIGIN)
_FRAME_ONLY: Final = Inertia(1e-4, (1e-8, 1e-8, 1e-8))
_NEGLIGIBLE: Final = Inertia(1e-8, (1e-8, 1e-8, 1e-8), (1e-8, 1e-8, 1e-8), (0.820473, 0.339851, -0.17592, 0.424708))

# In the order of MuJoCo's body ids, which is depth first.
LINKS: Final = (
    Link("table", "world", (0.0, 0.6, 0.0)),
    Link("retaining_wall", "world", (0.0, 0.6, 0.06)),
    Link("base", "world", inertia=_NO_MASS),
    Link(
        "controller_box",
        "base",
        inertia=Inertia(46.64, (1.71363, 1.27988, 0.809981), (-0.325, 0.0, -0.38)),
    ),
    Link(
        "pedestal_feet",
        "base",
        inertia=Inertia(167.09, (8.16095, 9.59375, 15.0785), (-0.1225, 0.0, -0.758)),
    ),
    Link("torso", "base", inertia=_FRAME_ONLY),
    Link(
        "pedestal",
        "base",
        inertia=Inertia(60.864, (6.0869, 5.81635, 4.20915), _ORIGIN, (0.659267, -0.259505, -0.260945, 0.655692)),
    ),
    Link(
        "right_arm_base_link",
        "base",
        inertia=Inertia(
            2.0687,
            (0.00740351, 0.00681776, 0.00672942),
            (-0.0006241, -2.8025e-05, 0.065404),
            (-0.209285, 0.674441, 0.227335, 0.670558),
        ),
    ),
    Link(
        "right_l0",
        "right_arm_base_link",
        (0.0, 0.0, 0.08),
        inertia=Inertia(
            5.3213,
            (0.0651588, 0.0510944, 0.0186218),
            (0.024366, 0.010969, 0.14363),
            (0.894823, 0.00899958, -0.170275, 0.412573),
        ),
        hinge=Hinge("right_j0", -3.0503, 3.0503),
    ),
    Link(
        "head",
        "right_l0",
        (0.0, 0.0, 0.2965),
        inertia=Inertia(
            1.5795,
            (0.0118334, 0.00827089, 0.00496574),
            (0.0053207, -2.6549e-05, 0.1021),
            (0.999993, 7.08405e-05, -0.00359857, -0.000626247),
        ),
    ),
    Link("screen", "head", (0.03, 0.0, 0.105), (0.5, 0.5, 0.5, 0.5), _FRAME_ONLY),
    Link(
        "head_camera",
        "head",
        (0.0228027, 0.0, 0.216572),
        (0.342813, -0.618449, 0.618449, -0.342813),
        Inertia(0.0, _ORIGIN, (0.0228027, 0.0, 0.216572), (0.342813, -0.618449, 0.618449, -0.342813)),
    ),
    Link("right_torso_itb", "right_l0", (-0.055, 0.0, 0.22), (0.707107, 0.0, -0.707107, 0.0), _FRAME_ONLY),
    Link(
        "right_l1",
        "right_l0",
        (0.081, 0.05, 0.237),
        (0.5, -0.5, 0.5, 0.5),
        Inertia(
            4.505,
            (0.0224339, 0.0221624, 0.0097097),
            (-0.0030849, -0.026811, 0.092521),
            (0.424888, 0.891987, 0.132364, -0.0794296),
        ),
        Hinge("right_j1", -3.8, -0.5),
    ),
    Link(
        "right_l2",
        "right_l1",
        (0.0, -0.14, 0.1425),
        (0.707107, 0.707107, 0.0, 0.0),
        Inertia(
            1.745,
            (0.0257928, 0.025506, 0.00292515),
            (-0.00016044, -0.014967, 0.13582),
            (0.707831, -0.0524761, 0.0516007, 0.702537),
        ),
        Hinge("right_j2", -3.0426, 3.0426),
    ),
    Link(
        "right_l3",
        "right_l2",
        (0.0, -0.042, 0.26),
        (0.707107, -0.707107, 0.0, 0.0),
        Inertia(
            2.5097,
            (0.0102404, 0.0096997, 0.00369622),
            (-0.0048135, -0.0281, -0.084154),
            (0.902999, 0.385391, -0.0880901, 0.168247),
        ),
        Hinge("right_j3", -3.0439, 3.0439),
    ),
    Link(
        "right_l4",
        "right_l3",
        (0.0, -0.125, -0.1265),
        (0.707107, 0.707107, 0.0, 0.0),
        Inertia(
            1.1136,
            (0.0136549, 0.0135493, 0.00127353),
            (-0.0018844, 0.0069001, 0.1341),
            (0.803612, 0.031257, -0.0298334, 0.593582),
        ),
        Hinge("right_j4", -2.9761, 2.9761),
    ),
    Link("right_arm_itb", "right_l4", (-0.055, 0.0, 0.075), (0.707107, 0.0, -0.707107, 0.0), _FRAME_ONLY),
    Link(
        "right_l5",
        "right_l4",
        (0.0, 0.031, 0.275),
        (0.707107, -0.707107, 0.0, 0.0),
        Inertia(
            1.5625,
            (0.00474131, 0.00422857, 0.00190672),
            (0.0061133, -0.023697, 0.076416),
            (0.404076, 0.9135, 0.0473125, 0.00158335),
        ),
        Hinge("right_j5", -2.9761, 2.9761),
    ),
    Link(
        "right_hand_camera",
        "right_l5",
        (0.039552, -0.033, 0.0695),
        (0.707107, 0.0, 0.707107, 0.0),
        Inertia(0.0, _ORIGIN, (0.039552, -0.033, 0.0695), (0.707107, 0.0, 0.707107, 0.0)),
    ),
    Link(
        "right_wrist",
        "right_l5",
        (0.0, 0.0, 0.10541),
        (0.707107, 0.707107, 0.0, 0.0),
        Inertia(0.0, _ORIGIN, (0.0, 0.0, 0.10541), (0.707107, 0.707107, 0.0, 0.0)),
    ),
    Link(
        "right_l6",
        "right_l5",
        (0.0, -0.11, 0.1053),
        (0.0616248, 0.06163, -0.704416, 0.704416),
        Inertia(
            0.3292,
            (0.000360258, 0.000311068, 0.000214974),
            (-8.0726e-06, 0.0085838, -0.0049566),
            (0.479044, 0.515636, -0.513069, 0.491322),
        ),
        Hinge("right_j6", -4.7124, 4.7124),
    ),
    Link("right_hand", "right_l6", (0.0, 0.0, 0.0245), (0.707107, 0.0, 0.0, 0.707107), _NEGLIGIBLE),
    Link("hand", "right_hand", (0.0, 0.0, 0.12), (-1.0, 0.0, 1.0, 0.0)),
    Link("right_claw", "hand", (0.0, -0.05, 0.0)),
    Link("right_pad", "right_claw", (0.0, 0.003, 0.0)),
    Link("left_claw", "hand", (0.0, 0.05, 0.0)),
    Link("left_pad", "left_claw", (0.0, -0.003, 0.0)),
    Link("right_l4_2", "right_l4", inertia=_NEGLIGIBLE),
    Link("right_l2_2", "right_l2", inertia=_NEGLIGIBLE),
    Link("right_l1_2", "right_l1", inertia=_NEGLIGIBLE),
    Link("mocap", "world"),
    Link("puck", "world", (0.0, 0.6, 0.02), inertia=Inertia(0.75, (8.80012e-04, 8.80012e-04, 8.80012e-04))),
)

# Joints and widths are those of the real arm, so that the drawn arm fills the same space. Where one surface lies inside
# another, their radii differ by at least a millimetre. Otherwise they would flicker.
SHAPES: Final[tuple[Capsule | Cylinder | Box, ...]] = (
    Box("table", (0.7, 0.4, 0.027), (0.0, 0.0, -0.027), "wood"),
    Box("table", (0.05, 0.35, 0.42), (-0.55, 0.0, -0.48), "wood"),
    Box("table", (0.05, 0.35, 0.42), (0.55, 0.0, -0.48), "wood"),
    Box("controller_box", (0.11, 0.2, 0.265), (-0.325, 0.0, -0.38)),
    Box("pedestal_feet", (0.385, 0.35, 0.02), (-0.1225, 0.0, -0.893)),
    Cylinder("pedestal", (-0.01, 0.0, -0.9), (-0.01, 0.0, -0.02), 0.09),
    Cylinder("right_arm_base_link", (0.0, 0.0, -0.02), (0.0, 0.0, 0.075), 0.1),
    Cylinder("right_l0", (0.0, 0.0, 0.0), (0.0, 0.0, 0.05), 0.083),
    Capsule("right_l0", (0.0, 0.0, 0.03), (0.02, 0.0, 0.237), 0.073),
    Capsule("right_l0", (0.02, 0.0, 0.237), (0.081, 0.0, 0.237), 0.068),
    Cylinder("right_l0", (0.081, -0.055, 0.237), (0.081, 0.055, 0.237), 0.07),
    Cylinder("head", (0.0, 0.0, -0.01), (0.0, 0.0, 0.07), 0.035),
    Box("head", (0.012, 0.12, 0.07), (0.018, 0.0, 0.12)),
    Box("screen", (0.105, 0.058, 0.002), (0.0, 0.0, 0.001), "screen"),
    Capsule("right_l1", (0.0, 0.0, 0.02), (0.0, 0.0, 0.1425), 0.062),
    Capsule("right_l1", (0.0, 0.0, 0.1425), (0.0, -0.06, 0.1425), 0.06),
    Cylinder("right_l1", (0.0, -0.06, 0.1425), (0.0, -0.13, 0.1425), 0.063),
    Capsule("right_l2", (0.0, 0.0, 0.02), (0.0, 0.0, 0.26), 0.054),
    Cylinder("right_l2", (0.0, 0.045, 0.26), (0.0, -0.07, 0.26), 0.058),
    Capsule("right_l3", (0.0, 0.0, -0.03), (0.0, 0.0, -0.1265), 0.05),
    Capsule("right_l3", (0.0, 0.0, -0.1265), (0.0, -0.06, -0.1265), 0.049),
    Cylinder("right_l3", (0.0, -0.06, -0.1265), (0.0, -0.12, -0.1265), 0.052),
    Capsule("right_l4", (0.0, 0.0, 0.02), (0.0, 0.0, 0.275), 0.045),
    Cylinder("right_l4", (0.0, -0.045, 0.275), (0.0, 0.055, 0.275), 0.048),
    Capsule("right_l5", (0.0, 0.0, 0.03), (0.0, 0.0, 0.1053), 0.044),
    Capsule("right_l5", (0.0, 0.0, 0.1053), (0.0, -0.06, 0.1053), 0.043),
    Cylinder("right_l5", (0.0, -0.06, 0.1053), (0.0, -0.105, 0.1053), 0.046),
    Cylinder("right_l6", (0.0, 0.0, -0.01), (0.0, 0.0, 0.052), 0.036),
)
