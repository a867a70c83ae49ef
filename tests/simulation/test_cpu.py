# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false
from pathlib import Path

import mujoco
import numpy as np
import pytest
import torch

from mlrun.benchmarks.metaworld.family import HAND_HOME
from mlrun.simulation.cpu import CPUPhysics
from mlrun.simulation.tabletop import PUCK, SAWYER_AND_PUCK

SETTLED = SAWYER_AND_PUCK.settled(HAND_HOME)
RECORDING = Path(__file__).parents[1] / "golden" / "reach-v3.npz"


def test_settled_positions_are_the_original_s() -> None:
    with np.load(RECORDING) as recorded:
        np.testing.assert_allclose(SETTLED.gripper_center, recorded["settled_gripper_center"], rtol=0, atol=1e-12)
        np.testing.assert_allclose(SETTLED.bodies[PUCK][2], recorded["settled_puck_height"], rtol=0, atol=1e-12)


def test_poses_are_those_of_the_state_just_reached() -> None:
    physics = CPUPhysics(SAWYER_AND_PUCK, 3)
    physics.load(SETTLED, torch.ones(3, dtype=torch.bool))
    physics.write_joint(
        PUCK, torch.tensor([[0.05, 0.65, 0.02]], dtype=torch.float64).expand(3, 3), torch.ones(3, dtype=torch.bool)
    )
    physics.forward()
    torch.testing.assert_close(physics.poses.body("puck")[2], torch.tensor([0.05, 0.65, 0.02], dtype=torch.float64))
    physics.hand_target += torch.tensor([[0.01, 0.0, 0.0], [0.0, 0.01, 0.0], [0.0, 0.0, 0.01]])
    physics.step(torch.tensor([-1.0, 0.0, 1.0]))
    before = physics.poses.body_positions.clone(), physics.poses.site_positions.clone()
    physics.forward()
    assert torch.equal(physics.poses.body_positions, before[0])
    assert torch.equal(physics.poses.site_positions, before[1])


def test_the_hand_follows_its_target_and_the_fingers_close() -> None:
    physics = CPUPhysics(SAWYER_AND_PUCK, 2)
    physics.load(SETTLED, torch.ones(2, dtype=torch.bool))
    physics.forward()
    opening = (physics.poses.body("right_claw") - physics.poses.body("left_claw")).norm(dim=-1)
    goal = torch.tensor([0.1, 0.75, 0.3], dtype=torch.float64)
    physics.hand_target[1] = goal
    for _ in range(80):
        physics.step(torch.tensor([-1.0, 1.0]))
    home = torch.tensor(HAND_HOME, dtype=torch.float64)
    assert (physics.poses.body("hand") - torch.stack((home, goal))).norm(dim=-1).max() < 0.02
    closed = (physics.poses.body("right_claw") - physics.poses.body("left_claw")).norm(dim=-1)
    assert 0.01 < closed[1] < opening[1] - 0.02, "claws never meet, which push and pick-place rely on"
    torch.testing.assert_close(closed[0], opening[0], rtol=0, atol=1e-3)


def test_a_joint_is_moved_at_rest_in_the_chosen_worlds_alone() -> None:
    physics = CPUPhysics(SAWYER_AND_PUCK, 2, 1)
    physics.load(SETTLED, torch.ones(2, dtype=torch.bool))
    settled = physics._joints.clone()
    physics._velocities[:] = 0.5
    physics.write_joint("right_j6", torch.tensor([[0.25], [0.25]], dtype=torch.float64), torch.tensor([False, True]))
    hinge, velocity = SAWYER_AND_PUCK.joint_addresses("right_j6")
    assert physics._joints[:, hinge].tolist() == [settled[0, hinge].item(), 0.25]
    assert torch.equal((physics._joints != settled).sum(1), torch.tensor([0, 1]))
    assert physics._velocities[:, velocity].tolist() == [[0.5], [0.0]]
    assert torch.equal((physics._velocities != 0.5).sum(1), torch.tensor([0, 1]))


@pytest.mark.parametrize("model", [SAWYER_AND_PUCK.model, SAWYER_AND_PUCK.drawn_model], ids=["stepped", "drawn"])
def test_what_is_only_drawn_neither_collides_nor_weighs(model: mujoco.MjModel) -> None:
    colliding = [
        model.geom(index).name
        for index in range(model.ngeom)
        if model.geom_contype[index] | model.geom_conaffinity[index]
    ]
    fingers = {f"{side}_{part}" for side in ("left", "right") for part in ("claw", "pad")}
    walls = {f"wall_{side}" for side in ("near", "far", "left", "right")}
    assert set(colliding) == {"floor", "table", "palm", "puck"} | fingers | walls
    assert model.body("hand").mass == 0
    assert model.nmesh == 0


def test_the_kinematic_copy_leaves_the_scene_as_it_is() -> None:
    CPUPhysics(SAWYER_AND_PUCK, 1)
    assert SAWYER_AND_PUCK.model.opt.disableflags == mujoco.mjtDisableBit.mjDSBL_MIDPHASE
    assert SAWYER_AND_PUCK.model.opt.solver == mujoco.mjtSolver.mjSOL_NEWTON


def test_warnings_are_counted_by_world_until_it_is_loaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    physics = CPUPhysics(SAWYER_AND_PUCK, 3, 1)
    every = torch.ones(3, dtype=torch.bool)
    physics.load(SETTLED, every)
    physics._velocities[1, -6:] = torch.nan
    for _ in range(2):
        physics.step(torch.zeros(3, dtype=torch.float64))
    assert physics.warnings()["BADQVEL"].tolist() == [0, 1, 0]
    assert sum(int(counts.sum()) for counts in physics.warnings().values()) == 1
    physics.load(SETTLED, torch.tensor([True, False, False]))
    assert physics.warnings()["BADQVEL"].tolist() == [0, 1, 0]
    physics.load(SETTLED, every)
    physics.step(torch.zeros(3, dtype=torch.float64))
    assert physics.warnings()["BADQVEL"].tolist() == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""
