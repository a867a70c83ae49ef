from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from mlrun.benchmarks.metaworld.family import HAND_HOME
from mlrun.registry import UnknownNameError
from mlrun.rendering import Renderer
from mlrun.simulation.cpu import CPUPhysics
from mlrun.simulation.decoration import CAMERAS
from mlrun.simulation.tabletop import PUCK, SAWYER_AND_PUCK

pytestmark = pytest.mark.usefixtures("gl")

WIDTH, HEIGHT = 160, 120
GOAL = np.array([0.08, 0.85, 0.15])
ELSEWHERE = np.array([-0.1, 0.8, 0.05])
PUCKS = [[0.0, 0.8, 0.02], [0.1, 0.65, 0.02]]


@pytest.fixture(scope="module")
def physics() -> CPUPhysics:
    physics, everywhere = CPUPhysics(SAWYER_AND_PUCK, 2, num_threads=1), torch.ones(2, dtype=torch.bool)
    physics.load(SAWYER_AND_PUCK.settled(HAND_HOME), everywhere)
    physics.write_joint(PUCK, torch.tensor(PUCKS, dtype=torch.float64), everywhere)
    physics.forward()
    return physics


@pytest.fixture(scope="module")
def renderer(gl):
    with Renderer(WIDTH, HEIGHT) as renderer:
        yield renderer


def pixel_of(point: np.ndarray, camera: str = "front") -> tuple[int, int]:
    """Row and column at which a camera sees a point, from the pinhole model."""
    view = CAMERAS[camera]
    forward = np.subtract(view.target, view.position)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0, 0, 1))
    right /= np.linalg.norm(right)
    offset = point - np.array(view.position)
    focal_length = HEIGHT / 2 / np.tan(np.radians(view.field_of_view) / 2)  # pixels
    scale = focal_length / (offset @ forward)
    row = HEIGHT / 2 - scale * (offset @ np.cross(right, forward))
    return int(row), int(WIDTH / 2 + scale * (offset @ right))


def dominated_by(colour: int, frame: np.ndarray) -> np.ndarray:
    """Where red, green or blue (0, 1, 2) is 1.5 times each of the other two, (height, width) bool."""
    others = np.delete(frame.astype(float), colour, axis=-1)
    return frame[..., colour] > 1.5 * others.max(axis=-1) + 10


def test_a_frame_shows_its_own_world_and_is_the_same_again(renderer, physics):
    first, second, again = (renderer.frame(physics, world, GOAL) for world in (0, 1, 0))
    assert first.shape == (HEIGHT, WIDTH, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != second).any()


def test_drawing_changes_neither_the_world_nor_the_scene(renderer, physics):
    before = physics.poses.body_positions.clone(), SAWYER_AND_PUCK.drawn_model.vis.global_.offwidth
    renderer.frame(physics, 0, GOAL)
    physics.forward()
    assert torch.equal(before[0], physics.poses.body_positions)
    assert SAWYER_AND_PUCK.drawn_model.vis.global_.offwidth == before[1]


def test_the_goal_is_green_where_it_is(renderer, physics):
    there, elsewhere = (dominated_by(1, renderer.frame(physics, 0, goal)) for goal in (GOAL, ELSEWHERE))
    assert there[pixel_of(GOAL)]
    assert not elsewhere[pixel_of(GOAL)]
    assert elsewhere[pixel_of(ELSEWHERE)]


def test_the_ball_around_the_goal_has_the_radius_of_success(renderer, physics):
    view = CAMERAS["front"]
    sideways = np.cross(np.subtract(view.target, view.position), (0, 0, 1))
    point = pixel_of(GOAL + 0.05 * sideways / np.linalg.norm(sideways))
    small, fitting, large = (renderer.frame(physics, 0, GOAL, radius)[point] for radius in (1e-6, 0.03, 0.07))
    assert (small == fitting).all()
    assert (large != fitting).any()


@pytest.mark.parametrize("world", [0, 1])
def test_the_puck_is_blue_where_it_is(renderer, physics, world):
    frame = renderer.frame(physics, world, ELSEWHERE)
    assert dominated_by(2, frame)[pixel_of(np.array(PUCKS[world]))]


def test_the_arm_fills_a_good_part_of_the_frame(renderer, physics):
    red = dominated_by(0, renderer.frame(physics, 0, GOAL))
    assert 0.03 < red.mean() < 0.3


@pytest.mark.parametrize("camera", CAMERAS)
def test_every_camera_sees_goal_puck_and_arm(physics, camera):
    with Renderer(WIDTH, HEIGHT, camera) as renderer:
        frame = renderer.frame(physics, 0, GOAL)
    assert all(dominated_by(colour, frame).sum() > 5 for colour in range(3))


def test_renderers_can_alternate(renderer, physics):
    alone = renderer.frame(physics, 0, GOAL)
    with Renderer(64, 48, "top") as other:
        other.frame(physics, 1, GOAL)
        np.testing.assert_array_equal(renderer.frame(physics, 0, GOAL), alone)
    np.testing.assert_array_equal(renderer.frame(physics, 0, GOAL), alone)


def test_a_dropped_renderer_does_not_harm_another(physics):
    dropped = Renderer(WIDTH, HEIGHT)
    expected = dropped.frame(physics, 0, GOAL)
    with Renderer(WIDTH, HEIGHT) as renderer:
        renderer.frame(physics, 1, GOAL)
        in_a_cycle: list[object] = [dropped]
        in_a_cycle.append(in_a_cycle)
        del dropped, in_a_cycle
        gc.collect()
        np.testing.assert_array_equal(renderer.frame(physics, 0, GOAL), expected)


def test_a_closed_renderer_raises_an_error(physics):
    renderer = Renderer(16, 16)
    renderer.close()
    renderer.close()
    with pytest.raises(RuntimeError, match="closed"):
        renderer.frame(physics, 0, GOAL)


def test_an_unknown_camera_is_answered_with_the_choices():
    with pytest.raises(UnknownNameError, match=r"did you mean 'front'\? \(choices: 'close', 'front', 'side', 'top'\)"):
        Renderer(camera="frnt")
