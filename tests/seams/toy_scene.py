"""A second scene and a task family in it: a ball on a rail that a hand without an arm pushes."""

# mujoco's compiled modules carry no types.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from typing import Final

import mujoco
import torch
from torch import Tensor

from mlrun.benchmarks.metaworld.family import Outcome, RewardFunction, TaskFamily
from mlrun.simulation.protocol import Physics, Poses, Positions
from mlrun.simulation.scene import TIME_STEP, Scene

BALL: Final = "ball"


def _make_spec() -> mujoco.MjSpec:
    spec = mujoco.MjSpec()
    spec.modelname = "rail"
    spec.option.timestep = TIME_STEP
    sphere = mujoco.mjtGeom.mjGEOM_SPHERE
    mocap = spec.worldbody.add_body(name="mocap", mocap=True)
    assert mocap is not None
    hand = spec.worldbody.add_body(name="hand", pos=(0, 0.6, 0.2))
    hand.add_joint(type=mujoco.mjtJoint.mjJNT_FREE)
    hand.add_geom(name="hand", type=sphere, size=(0.02, 0, 0), density=500)
    for side, sign in (("right", -1), ("left", 1)):
        finger = hand.add_body(name=f"{side}_claw", pos=(0, 0.03 * sign, 0))
        finger.add_joint(name=f"{side}_slide", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=(0, 1, 0), damping=[10, 0, 0])
        finger.add_geom(type=sphere, size=(0.005, 0, 0), density=500, contype=0, conaffinity=0)
        finger.add_site(name=f"{side}_finger_tip")
        spec.add_actuator(name=side, target=f"{side}_slide", trntype=mujoco.mjtTrn.mjTRN_JOINT)
    ball = spec.worldbody.add_body(name=BALL, pos=(0, 0.7, 0.2))
    ball.add_joint(name=BALL, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=(0, 1, 0), damping=[0.5, 0, 0])
    ball.add_geom(name=BALL, type=sphere, size=(0.03, 0, 0), density=200)
    spec.add_equality(
        name="weld",
        type=mujoco.mjtEq.mjEQ_WELD,
        objtype=mujoco.mjtObj.mjOBJ_BODY,
        name1="mocap",
        name2="hand",
        solref=(0.02, 1),
        data=(0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0),
    )
    return spec


RAIL: Final = Scene("rail and ball", _make_spec, lambda spec: None)


class Roll(TaskFamily):
    """Roll the ball to a place on its rail. A task's parameters are the ball's start and its goal."""

    scene = RAIL
    parameters_low = (0.0, 0.05, 0.0)
    parameters_high = (0.02, 0.2, 0.0)
    success_radius = 0.02
    infers_goal = False

    def reset(self, physics: Physics, parameters: Tensor, worlds: Tensor) -> None:
        physics.load(self.settled, worlds)
        physics.write_joint(BALL, parameters[:, :1], worlds)
        physics.forward()

    def observe(self, poses: Poses) -> Tensor:
        hand, ball = poses.body("hand"), poses.body(BALL)
        return torch.cat((hand, ball, ball.new_zeros(len(ball), 12)), dim=-1)

    def target(self, parameters: Tensor) -> Tensor:
        return torch.nn.functional.pad(0.7 + parameters[:, 1:2], (1, 1))

    def reward_v2(self, start: Tensor, target: Tensor) -> RewardFunction:
        def reward(poses: Positions, action: Tensor) -> Outcome:
            distance = (poses.body(BALL)[:, 1] - target[:, 1]).abs()
            return Outcome(-distance, distance <= self.success_radius, {})

        return reward

    def expert(self, observation: Tensor, target: Tensor) -> Tensor:
        return torch.nn.functional.pad(target - observation[:, 3:6], (0, 1))
