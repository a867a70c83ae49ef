"""MuJoCo Warp against MuJoCo, on Warp's CPU device and, where there is one, on a GPU."""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

import sys
from collections.abc import Iterator

import mujoco
import numpy as np
import pytest
import torch
import warp
from torch import Tensor

from mlrun.benchmarks.metaworld.family import HAND_HOME
from mlrun.benchmarks.metaworld.ml1 import ML1
from mlrun.benchmarks.metaworld.worlds import ManipulationWorlds
from mlrun.extras import MissingExtraError
from mlrun.simulation.backends import make_physics
from mlrun.simulation.protocol import CapacityError, Physics
from mlrun.simulation.tabletop import SAWYER_AND_PUCK
from mlrun.simulation.warp import WarpPhysics
from tests.benchmarks.metaworld.conftest import load_recording

pytestmark = pytest.mark.slow  # its kernels are compiled where they are run for the first time

NO_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
HANDLING = 70  # control steps in which experts get hold of the puck and move it


@pytest.fixture(params=["cpu", pytest.param("cuda:0", marks=NO_GPU)])
def device(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def gpu() -> Iterator[str]:
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    yield "cuda:0"
    torch.cuda.set_sync_debug_mode("default")


def settled(physics: Physics) -> Physics:
    every = torch.ones(physics.num_worlds, dtype=torch.bool, device=physics.hand_target.device)
    physics.load(SAWYER_AND_PUCK.settled(HAND_HOME), every)
    physics.forward()
    return physics


def environment(family: str, physics: Physics) -> ManipulationWorlds:
    return ManipulationWorlds(ML1(family).family, physics, horizon=500)


def recorded(family: str, steps: int, *kinds: str) -> tuple[Tensor, Tensor]:
    """Parameters (episodes, 6) and actions (episodes, steps, 4) of recorded episodes."""
    recording = load_recording(family)
    chosen = np.isin(recording["kinds"], kinds)
    assert chosen.any()
    parameters, actions = recording["task_parameters"][chosen], recording["actions"][chosen, :steps]
    return torch.from_numpy(parameters), torch.from_numpy(actions)


def play(environment: ManipulationWorlds, parameters: Tensor, actions: Tensor) -> Tensor:
    """Observations and rewards, (episodes, steps, 40) float64 on the CPU."""
    device = environment.reset(parameters).device
    steps = [environment.step(action) for action in actions.to(device).unbind(1)]
    assert not environment.unstable().any()
    return torch.stack([torch.cat((step.observation, step.reward[:, None]), 1) for step in steps], 1).double().cpu()


def both(family: str, parameters: Tensor, actions: Tensor, device: str) -> tuple[Tensor, Tensor]:
    count = len(actions)
    on_cpu, on_warp = make_physics(SAWYER_AND_PUCK, "cpu", count, 1), WarpPhysics(SAWYER_AND_PUCK, count, device)
    exact, single = (play(environment(family, physics), parameters, actions) for physics in (on_cpu, on_warp))
    return exact, single


def test_without_contact_hands_move_alike(device: str) -> None:
    exact, single = both("reach-v3", *recorded("reach-v3", 30, "expert", "noisy expert", "random"), device)
    assert (exact[..., :3].diff(dim=1).norm(dim=-1).amax(1) > 0.002).all()
    torch.testing.assert_close(single[..., :4], exact[..., :4], rtol=0, atol=1e-4)
    torch.testing.assert_close(single[..., 39], exact[..., 39], rtol=0, atol=2e-3)


@pytest.mark.parametrize("family", ["push-v3", "pick-place-v3"])
def test_in_contact_pucks_move_alike(family: str, device: str) -> None:
    exact, single = both(family, *recorded(family, HANDLING, "expert"), device)
    assert (exact[:, -1, 4:7] - exact[:, 0, 4:7]).norm(dim=-1).min() > 0.05
    torch.testing.assert_close(single[..., :11], exact[..., :11], rtol=0, atol=5e-3)
    torch.testing.assert_close(single[..., 39], exact[..., 39], rtol=0, atol=0.05)


def test_grasps_are_felt_alike(device: str) -> None:
    parameters, actions = recorded("pick-place-v3", HANDLING, "expert", "clumsy")
    environments = [
        environment("pick-place-v3", physics)
        for physics in (
            make_physics(SAWYER_AND_PUCK, "cpu", len(actions), 1),
            WarpPhysics(SAWYER_AND_PUCK, len(actions), device),
        )
    ]
    for each in environments:
        each.reset(parameters)
    felt = []
    for action in actions.unbind(1):
        for each in environments:
            each.step(action.to(each.physics.hand_target.device))
        felt.append(torch.stack([each.info()["grasp_success"].cpu() for each in environments]))
    exact, single = torch.stack(felt, 2)
    assert set(exact.unique().tolist()) == {0.0, 1.0}
    assert (exact != single).double().mean() < 0.01


def test_asking_for_grasps_changes_nothing() -> None:
    parameters, actions = recorded("pick-place-v3", HANDLING, "expert")
    asked, other = (environment("pick-place-v3", WarpPhysics(SAWYER_AND_PUCK, len(actions), "cpu")) for _ in range(2))
    for each in (asked, other):
        each.reset(parameters)
    for action in actions.unbind(1):
        step, undisturbed = asked.step(action), other.step(action)
        asked.info()
        assert torch.equal(step.observation, undisturbed.observation)


def test_one_launch_does_what_the_engine_does_step_by_step(device: str) -> None:
    parameters, actions = recorded("push-v3", HANDLING, "expert", "clumsy")
    launched, called = (WarpPhysics(SAWYER_AND_PUCK, len(actions), device) for _ in range(2))
    for physics in (launched, called):
        play(environment("push-v3", physics), parameters, actions[:, :-5])
    called._advance = called._control_step
    for action in actions[:, -5:].to(device).unbind(1):
        for physics in (launched, called):
            physics.hand_target += 0.01 * action[:, :3]
            with warp.ScopedDevice(device):
                physics.step(action[:, 3])
    tolerance = 0 if device == "cpu" else 1e-3  # on a GPU contacts come in any order
    torch.testing.assert_close(called.poses.body_positions, launched.poses.body_positions, rtol=0, atol=tolerance)


def test_a_world_does_not_depend_on_the_others() -> None:
    parameters, actions = recorded("push-v3", HANDLING, "expert", "noisy expert", "clumsy", "puck")
    together = play(environment("push-v3", WarpPhysics(SAWYER_AND_PUCK, len(actions), "cpu")), parameters, actions)
    alone = play(environment("push-v3", WarpPhysics(SAWYER_AND_PUCK, 1, "cpu")), parameters[2:3], actions[2:3])
    assert torch.equal(together[2], alone[0])


def test_some_worlds_can_be_reset_while_the_others_go_on(device: str) -> None:
    parameters, actions = recorded("push-v3", HANDLING, "expert", "noisy expert", "clumsy")
    count, early = len(actions), 50
    some = torch.arange(count) % 2 == 0
    undisturbed = play(environment("push-v3", WarpPhysics(SAWYER_AND_PUCK, count, device)), parameters, actions)
    again = environment("push-v3", WarpPhysics(SAWYER_AND_PUCK, count, device))
    play(again, parameters, actions[:, :early])
    observation = again.reset(torch.where(some[:, None], parameters, torch.nan), some)
    following = torch.where(some[:, None, None], actions[:, : HANDLING - early], actions[:, early:])
    steps = [again.step(action.to(observation.device)).observation for action in following.unbind(1)]
    after = torch.stack([observation, *steps], 1).double().cpu()
    tolerance = 0 if device == "cpu" else 5e-3
    expected = undisturbed[..., :39]
    torch.testing.assert_close(after[~some], expected[~some, early - 1 :], rtol=0, atol=tolerance)
    torch.testing.assert_close(after[some, 1:], expected[some, : HANDLING - early], rtol=0, atol=tolerance)


@pytest.mark.parametrize(("room", "flag"), [({"rows": 16}, "NEFC"), ({"contacts": 2}, "NARROWPHASE")])
def test_too_little_room_is_an_error_until_worlds_are_loaded_again(
    room: dict[str, int], flag: str, device: str, capfd: pytest.CaptureFixture[str]
) -> None:
    physics = settled(WarpPhysics(SAWYER_AND_PUCK, 3, device, **room))
    assert not any(counts.any() for counts in physics.warnings().values())
    physics.step(torch.zeros(3, device=physics.hand_target.device))
    with pytest.raises(CapacityError, match=rf"ran out of room in 3 of 3 worlds \(.*{flag}.*\)"):
        physics.warnings()
    settled(physics).warnings()
    assert capfd.readouterr().out == ""


def test_a_number_that_is_none_is_reported_for_its_world(device: str) -> None:
    each = environment("reach-v3", WarpPhysics(SAWYER_AND_PUCK, 3, device))
    parameters, _ = recorded("reach-v3", 1, "expert", "random")
    each.reset(parameters[:3])
    physics = each.physics
    physics.hand_target[1] = torch.nan
    physics.step(torch.zeros(3, device=physics.hand_target.device))
    assert each.unstable().tolist() == [False, True, False]
    each.reset(parameters[:3])
    assert not each.unstable().any()
    assert each.step(torch.zeros(3, 4, device=physics.hand_target.device)).observation.isfinite().all()


def test_the_state_of_a_world_is_one_that_mujoco_takes(device: str) -> None:
    physics = settled(WarpPhysics(SAWYER_AND_PUCK, 2, device))
    physics.hand_target[1, 0] += 0.05
    for _ in range(20):
        physics.step(torch.tensor([-1.0, 1.0], device=physics.hand_target.device))
    model = SAWYER_AND_PUCK.model
    data = mujoco.MjData(model)
    mujoco.mj_setState(model, data, physics.state(1), mujoco.mjtState.mjSTATE_INTEGRATION.value)
    mujoco.mj_kinematics(model, data)
    np.testing.assert_allclose(data.body("left_pad").xpos, physics.poses.body("left_pad")[1].cpu(), rtol=0, atol=1e-6)
    np.testing.assert_allclose(data.mocap_pos[0], physics.hand_target[1].cpu(), rtol=0, atol=0)
    np.testing.assert_array_equal(data.ctrl, [1, -1])
    assert data.time == pytest.approx(20 * 0.0125 + 50 * 0.0125, abs=1e-4)


def test_an_environment_is_where_its_physics_is() -> None:
    ml1 = ML1("push-v3", horizon=3)
    each = ml1.make_worlds(2, physics="warp")
    observation = each.reset(torch.tensor([task.parameters for task in ml1.train_tasks[:2]], dtype=torch.float64))
    step = each.step(torch.zeros(2, 4, device=each.device))
    assert isinstance(each.physics, WarpPhysics)
    assert each.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    for result in (observation, step.observation, step.reward):
        assert (result.device, result.dtype) == (each.device, torch.float32)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mujoco_warp", None)
    with pytest.raises(MissingExtraError, match=r" pip install .*\[gpu\]'"):
        make_physics(SAWYER_AND_PUCK, "warp", 1)


@pytest.mark.parametrize("family", ["reach-v3", "push-v3", "pick-place-v3"])
def test_a_step_never_waits_for_the_gpu(family: str, gpu: str) -> None:
    parameters, actions = recorded(family, 5, "expert", "random")
    each = environment(family, WarpPhysics(SAWYER_AND_PUCK, len(actions), gpu))
    each.reset(parameters)
    on_gpu = actions.to(gpu)
    each.step(on_gpu[:, 0])
    torch.cuda.set_sync_debug_mode("error")
    for action in on_gpu.unbind(1):
        each.step(action)
