"""Records what the original Meta-World does, for the tests that replay it through this package.

This script made the recordings in this folder. The tests do not need it. The requirements of the original benchmark
conflict with this package's. So, to record again, make a virtual environment for the original and run the script there,
from the root of the repository:

    python -m venv /tmp/metaworld
    /tmp/metaworld/bin/pip install mujoco==4.0.0 gymnasium scipy imageio packaging
    /tmp/metaworld/bin/pip install --no-deps metaworld==3.1.1
    PYTHONPATH=. /tmp/metaworld/bin/python tests/golden/record_metaworld.py

For each problem the script first verifies that every number of this package's compiled scene that decides the motion
equals the original's. Then it writes `<problem>.npz`: episodes of scripted and random actions with both versions of
the reward, and the task lists of some seeds.
"""

# mujoco's compiled modules carry no types, and metaworld is not installed beside this package.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import pickle
from dataclasses import dataclass
from pathlib import Path

import metaworld
import mujoco
import numpy as np
from metaworld.policies import SawyerPickPlaceV3Policy, SawyerPushV3Policy, SawyerReachV3Policy
from metaworld.policies.policy import Policy
from metaworld.sawyer_xyz_env import SawyerMocapBase, SawyerXYZEnv

from mlrun.simulation.tabletop import SAWYER_AND_PUCK


@dataclass(frozen=True)
class Recording:
    """What to record of one problem.

    Attributes:
        expert: the original's scripted policy.
        steps: length of the episodes.
        kinds: a kind of actions for each episode, see `choose_action`.
    """

    expert: type[Policy]
    steps: int
    kinds: tuple[str, ...]


HANDLED = ("expert", "noisy expert", "noisy expert", "clumsy", "clumsy", "random", "puck")
RECORDINGS = {
    "reach-v3": Recording(
        SawyerReachV3Policy, 500, tuple(kind for kind in ("expert", "noisy expert", "random", "puck") for _ in range(2))
    ),
    "push-v3": Recording(SawyerPushV3Policy, 300, HANDLED),
    "pick-place-v3": Recording(SawyerPickPlaceV3Policy, 300, HANDLED),
}
SEEDS = (0, 1, 42)
INFO = (
    "success",
    "near_object",
    "grasp_success",
    "grasp_reward",
    "in_place_reward",
    "obj_to_target",
    "unscaled_reward",
)
FOLDER = Path(__file__).parent

# The fields of the compiled model that decide the motion. Names, drawn geoms and the goal marker may differ.
MODEL_FIELDS = """
    nq nv nu nbody njnt neq nmocap npair nexclude ntendon qpos0 qpos_spring
    body_parentid body_rootid body_weldid body_mocapid body_jntnum body_dofnum body_pos body_quat body_ipos body_iquat
    body_mass body_subtreemass body_inertia body_invweight0 body_gravcomp body_simple
    jnt_type jnt_bodyid jnt_pos jnt_axis jnt_stiffness jnt_range jnt_limited jnt_margin jnt_solref jnt_solimp
    jnt_actfrclimited
    dof_bodyid dof_jntid dof_armature dof_damping dof_frictionloss dof_invweight0 dof_M0 dof_solref dof_solimp
    actuator_trntype actuator_trnid actuator_dyntype actuator_gaintype actuator_biastype actuator_gainprm
    actuator_biasprm actuator_gear actuator_ctrlrange actuator_ctrllimited actuator_forcerange actuator_forcelimited
    actuator_acc0
    eq_type eq_obj1id eq_obj2id eq_objtype eq_active0 eq_solref eq_solimp eq_data
"""
OPTION_FIELDS = """
    timestep integrator solver cone jacobian iterations tolerance ls_iterations ls_tolerance noslip_iterations
    noslip_tolerance ccd_iterations ccd_tolerance impratio gravity wind magnetic density viscosity enableflags
"""
CONTACT_FIELDS = """
    geom_bodyid geom_contype geom_conaffinity geom_condim geom_priority geom_friction geom_solref geom_solimp
    geom_solmix geom_margin geom_gap
"""
SHAPE_FIELDS = "geom_type geom_size geom_pos geom_quat geom_rbound"


def correct_mocap_weld(env: SawyerMocapBase) -> None:
    """Replaces `reset_mocap_welds`. That writes 11 numbers, but MuJoCo has 12 since version 3.17."""
    env.model.eq_data[:] = 0.0
    env.model.eq_data[:, 6] = -1.0
    env.model.eq_data[:, 10] = 5.0


def verify_scene(original: mujoco.MjModel) -> None:
    """Compares this package's compiled scene with the original's, bit by bit.

    Raises:
        SystemExit: fields differ. The message names them.
    """
    ours = SAWYER_AND_PUCK.model
    wrong = differing(MODEL_FIELDS, ours, original)
    wrong += [f"opt.{name}" for name in differing(OPTION_FIELDS, ours.opt, original.opt)]
    # The midphase only searches for pairs of geoms. The replays show that it does not change the motion.
    if ours.opt.disableflags & ~mujoco.mjtDisableBit.mjDSBL_MIDPHASE.value != original.opt.disableflags:
        wrong.append("opt.disableflags")
    for here, there in zip(colliding(ours), colliding(original), strict=True):
        mesh = original.geom_type[there] == mujoco.mjtGeom.mjGEOM_MESH  # the palm, whose shape is a box here
        fields = CONTACT_FIELDS if mesh else CONTACT_FIELDS + SHAPE_FIELDS
        for name in fields.split():
            if not np.array_equal(getattr(ours, name)[here], getattr(original, name)[there]):
                wrong.append(f"{name} of {ours.geom(here).name}")
    if wrong:
        raise SystemExit("the scene differs from the original in: " + ", ".join(wrong))


def differing(fields: str, ours: object, theirs: object) -> list[str]:
    """Returns the names of the fields whose values differ."""
    return [name for name in fields.split() if not np.array_equal(getattr(ours, name), getattr(theirs, name))]


def colliding(model: mujoco.MjModel) -> list[int]:
    """Returns the numbers of the geoms that can touch another one, in order."""
    types, affinities = model.geom_contype, model.geom_conaffinity
    met = (types[:, None] & affinities[None]) | (affinities[:, None] & types[None])
    return np.flatnonzero(met.any(axis=1)).tolist()


def choose_action(kind: str, expert: Policy, step: int, observation: np.ndarray, random: np.random.Generator):
    """Returns an action of a kind, float32 as in the original's action space.

    Args:
        kind: "random", "expert", "noisy expert", "puck" or "clumsy". "puck" moves around the puck, and squeezes, pushes
            and drops it. "clumsy" lifts the puck and lets it fall, again and again.
        expert: the original's scripted policy for the problem.
        step: number of the step.
        observation: (39,), with the goal at its end.
        random: for noise.
    """
    if kind == "random":
        return random.uniform(-1, 1, 4).astype(np.float32)
    if kind == "puck":
        offset = 0.06 * np.sin(step * np.array([0.09, 0.13, 0.05]) + random.uniform(-0.3, 0.3, 3))
        above_puck = observation[4:7] + np.array([0, 0, 0.045])
        move = 10 * (above_puck + offset - observation[:3])
        return np.clip([*move, np.sign(np.sin(step / 12.0))], -1, 1).astype(np.float32)
    if kind == "clumsy":
        high_goal = np.maximum(observation[36:], [-1, 0, 0.15])
        action = SawyerPickPlaceV3Policy().get_action(np.hstack((observation[:36], high_goal)))
        noise = random.normal(0, 0.1, 4)
        noise[3] -= 2 * (step % 110 > 80)
    else:
        action = expert.get_action(observation)
        noise = random.normal(0, 0.5, 4) if kind == "noisy expert" else np.zeros(4)
    return np.clip(action + noise, -1, 1).astype(np.float32)


def record_episode(env: SawyerXYZEnv, task, kind: str, random: np.random.Generator, recording: Recording):
    """Plays one episode and returns its task, actions, observations, rewards and infos."""
    env.set_task(task)
    observation, _ = env.reset()
    expert = recording.expert()
    actions, observations, rewards, infos = [], [observation], [], []
    for step in range(recording.steps):
        seen = np.hstack((observation[:36], env._target_pos))
        actions.append(choose_action(kind, expert, step, seen, random))
        observation, reward, _, _, info = env.step(actions[-1])
        observations.append(observation)
        rewards.append(reward)
        infos.append([info[name] for name in INFO])
    return {
        "task_parameters": np.array(pickle.loads(task.data)["rand_vec"]),
        "actions": np.array(actions),
        "observations": np.array(observations),
        "rewards_v2": np.array(rewards, dtype=np.float64),
        "infos_v2": np.array(infos, dtype=np.float64),
    }


def record_version_1(env: SawyerXYZEnv, task, actions: np.ndarray) -> dict[str, np.ndarray]:
    """Plays the same actions again and returns the rewards and infos of version 1."""
    env.set_task(task)
    env.reset()
    steps = [env.step(action) for action in actions]
    return {
        "rewards_v1": np.array([step[1] for step in steps], dtype=np.float64),
        "infos_v1": np.array([[step[4][name] for name in INFO] for step in steps], dtype=np.float64),
    }


def record_settled(env: SawyerXYZEnv) -> dict[str, np.ndarray]:
    """Returns what the original reads when the hand has settled."""
    mujoco.mj_resetData(env.model, env.data)
    env._reset_hand()
    return {
        "settled_gripper_center": env.init_tcp,
        "settled_puck_height": env.get_body_com("obj")[2].copy(),
    }


def record_task_lists(problem: str) -> dict[str, np.ndarray]:
    """Returns the original's task lists, (50, 6) each, by seed and split."""
    lists = {}
    for seed in SEEDS:
        benchmark = metaworld.ML1(problem, seed=seed)
        for split, tasks in (("train", benchmark.train_tasks), ("test", benchmark.test_tasks)):
            lists[f"{split}_tasks_{seed}"] = np.array([pickle.loads(task.data)["rand_vec"] for task in tasks])
    return lists


def record(problem: str, recording: Recording) -> dict[str, np.ndarray]:
    """Returns all recordings of one problem."""
    benchmark = metaworld.ML1(problem, seed=SEEDS[0])
    make_env = benchmark.train_classes[problem]
    env, env_version_1 = make_env(), make_env(reward_function_version="v1")
    verify_scene(env.model)
    episodes = []
    for index, kind in enumerate(recording.kinds):
        task = benchmark.test_tasks[5 * index]
        episode = record_episode(env, task, kind, np.random.default_rng(index), recording)
        episodes.append(episode | record_version_1(env_version_1, task, episode["actions"]))
    arrays = {
        "mujoco_version": np.array(mujoco.__version__),
        "kinds": np.array(recording.kinds),
        "info_names": np.array(INFO),
        "seeds": np.array(SEEDS),
    }
    arrays |= record_task_lists(problem) | record_settled(env)
    return arrays | {name: np.stack([episode[name] for episode in episodes]) for name in episodes[0]}


def main() -> None:
    """Verifies the scene and writes the recordings."""
    SawyerMocapBase.reset_mocap_welds = correct_mocap_weld
    for problem, recording in RECORDINGS.items():
        arrays = record(problem, recording)
        np.savez_compressed(FOLDER / f"{problem}.npz", **arrays)  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
