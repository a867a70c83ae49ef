import gymnasium
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, ResetNeeded

from mlrun import ML1


@pytest.fixture(scope="module")
def push() -> ML1:
    return ML1("push-v3", horizon=5)


@pytest.mark.usefixtures("gl")
def test_a_vector_environment_draws_each_world_as_a_single_one_does(push: ML1) -> None:
    tasks = push.train_tasks[:2]
    together = push.make_vec(2, render_mode="rgb_array")
    together.reset(options={"tasks": tasks})
    pictures = together.render()
    assert pictures is not None
    for task, picture in zip(tasks, pictures, strict=True):
        alone = push.make_env(task, render_mode="rgb_array")
        alone.reset()
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        picture_alone = alone.render()
        assert picture_alone is not None
        assert np.array_equal(picture_alone, picture)
        alone.close()
    assert (pictures[0] != pictures[1]).any()
    together.close()


@pytest.mark.usefixtures("gl")
def test_drawing_does_not_disturb_the_episode(push: ML1) -> None:
    drawn, undrawn = (push.make_env(push.train_tasks[0], render_mode=mode) for mode in ("rgb_array", None))
    drawn.reset()
    undrawn.reset()
    for action in np.random.default_rng(0).uniform(-1, 1, (5, 4)):
        assert np.array_equal(drawn.step(action)[0], undrawn.step(action)[0])
        drawn.render()
    drawn.close()


@pytest.mark.usefixtures("gl")
def test_gymnasium_collects_pictures() -> None:
    env = gymnasium.make("mlrun.gym:mlrun/reach-v3", render_mode="rgb_array_list")
    env.reset()
    env.step(np.ones(4, dtype=np.float32))
    pictures = env.render()
    assert isinstance(pictures, list)
    assert len(pictures) == 2
    env.close()


def test_nothing_is_drawn_without_a_render_mode(push: ML1) -> None:
    assert push.make_env(push.train_tasks[0]).render() is None
    assert push.make_vec(2).render() is None


def test_there_is_nothing_to_draw_before_an_episode(push: ML1) -> None:
    for env in (
        push.make_env(push.train_tasks[0], render_mode="rgb_array"),
        push.make_vec(2, render_mode="rgb_array"),
    ):
        with pytest.raises(ResetNeeded):
            env.render()


@pytest.mark.usefixtures("gl")
def test_closing_twice_is_closing_once(push: ML1) -> None:
    for env in (
        push.make_env(push.train_tasks[0], render_mode="rgb_array"),
        push.make_vec(1, render_mode="rgb_array"),
    ):
        env.reset()
        env.render()
        env.close()
        env.close()
        with pytest.raises(ClosedEnvironmentError):
            env.render()
