"""Records what the original Meta-World does, for the tests that replay it through this package.

The recordings in this folder were made by this script; it is not needed to run the tests. To repeat them, make an
environment of its own for the original benchmark, whose requirements conflict with this package's, and run the script
there from the root of the repository:

    python -m venv /tmp/metaworld
    /tmp/metaworld/bin/pip install mujoco==4.0.0 gymnasium scipy imageio packaging
    /tmp/metaworld/bin/pip install --no-deps metaworld==3.1.1
    PYTHONPATH=. /tmp/metaworld/bin/python tests/golden/record_metaworld.py

It first verifies that the compiled scene of this package equals the original's in every number that decides the
motion, then writes `reach-v3.npz`: whole episodes of scripted and random actions, and the task lists of some seeds.
"""

# mujoco's compiled modules carry no types, and metaworld is not installed beside this package.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import pickle
from pathlib import Path

import metaworld
import mujoco
import numpy as np
from metaworld.policies import SawyerReachV3Policy
from metaworld.sawyer_xyz_env import SawyerMocapBase

from mlrun.simulation.scene import scene_model

STEPS = 500
SEEDS = (0, 1, 42)
RECORDINGS = ("expert", "expert", "noisy expert", "noisy expert", "random", "random", "puck", "puck")
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
    noslip_tolerance ccd_iterations ccd_tolerance impratio gravity wind magnetic density viscosity disableflags
    enableflags
"""
CONTACT_FIELDS = """
    geom_bodyid geom_contype geom_conaffinity geom_condim geom_priority geom_friction geom_solref geom_solimp
    geom_solmix geom_margin geom_gap
"""
SHAPE_FIELDS = "geom_type geom_size geom_pos geom_quat geom_rbound"


def correct_mocap_weld(env: SawyerMocapBase) -> None:
    """Replaces `reset_mocap_welds`, which writes 11 numbers where MuJoCo has 12 since version 3.17."""
    env.model.eq_data[:] = 0.0
    env.model.eq_data[:, 6] = -1.0
    env.model.eq_data[:, 10] = 5.0


def verify_scene(original: mujoco.MjModel) -> None:
    """Compares this package's compiled scene with the original's, bit by bit.

    Raises:
        SystemExit: naming the fields that differ.
    """
    ours = scene_model()
    wrong = differing(MODEL_FIELDS, ours, original)
    wrong += [f"opt.{name}" for name in differing(OPTION_FIELDS, ours.opt, original.opt)]
    for here, there in zip(colliding(ours), colliding(original), strict=True):
        mesh = original.geom_type[there] == mujoco.mjtGeom.mjGEOM_MESH  # the palm, whose shape is a box here
        fields = CONTACT_FIELDS if mesh else CONTACT_FIELDS + SHAPE_FIELDS
        for name in fields.split():
            if not np.array_equal(getattr(ours, name)[here], getattr(original, name)[there]):
                wrong.append(f"{name} of {ours.geom(here).name}")
    if wrong:
        raise SystemExit("the scene differs from the original in: " + ", ".join(wrong))


def differing(fields: str, ours: object, theirs: object) -> list[str]:
    """The names of those fields whose values are not identical."""
    return [name for name in fields.split() if not np.array_equal(getattr(ours, name), getattr(theirs, name))]


def colliding(model: mujoco.MjModel) -> list[int]:
    """The geoms that can touch another one, in order."""
    types, affinities = model.geom_contype, model.geom_conaffinity
    met = (types[:, None] & affinities[None]) | (affinities[:, None] & types[None])
    return np.flatnonzero(met.any(axis=1)).tolist()


def choose_action(kind: str, step: int, observation: np.ndarray, goal: np.ndarray, random: np.random.Generator):
    """An action of one kind of recording; float32, as the original's action space has it."""
    if kind == "random":
        return random.uniform(-1, 1, 4).astype(np.float32)
    if kind == "puck":  # grope around the puck, squeezing, pushing and dropping it
        offset = 0.06 * np.sin(step * np.array([0.09, 0.13, 0.05]) + random.uniform(-0.3, 0.3, 3))
        above_puck = observation[4:7] + np.array([0, 0, 0.045])
        move = 10 * (above_puck + offset - observation[:3])
        return np.clip([*move, np.sign(np.sin(step / 12.0))], -1, 1).astype(np.float32)
    action = SawyerReachV3Policy().get_action(np.hstack((observation[:36], goal)))
    noise = random.normal(0, 0.5, 4) if kind == "noisy expert" else np.zeros(4)
    return np.clip(action + noise, -1, 1).astype(np.float32)


def record_episode(env, task, kind: str, random: np.random.Generator) -> dict[str, np.ndarray]:
    """One whole episode."""
    env.set_task(task)
    observation, _ = env.reset()
    parameters = pickle.loads(task.data)["rand_vec"]
    actions, observations, rewards, infos = [], [observation], [], []
    for step in range(STEPS):
        action = choose_action(kind, step, observation, parameters[3:], random)
        observation, reward, _, _, info = env.step(action)
        actions.append(action)
        observations.append(observation)
        rewards.append(reward)
        infos.append([info[name] for name in INFO])
    return {
        "task_parameters": np.array(parameters),
        "actions": np.array(actions),
        "observations": np.array(observations),
        "rewards": np.array(rewards),
        "infos": np.array(infos, dtype=np.float64),
    }


def record_settled(env) -> dict[str, np.ndarray]:
    """What the original reads off while the hand settles: gripper centre (3,) and the puck's height."""
    mujoco.mj_resetData(env.model, env.data)
    env._reset_hand()
    return {"settled_gripper_center": env.init_tcp, "settled_puck_height": env.get_body_com("obj")[2].copy()}


def record_task_lists() -> dict[str, np.ndarray]:
    """The original's task lists, (50, 6) each, by seed and split."""
    lists = {}
    for seed in SEEDS:
        benchmark = metaworld.ML1("reach-v3", seed=seed)
        for split, tasks in (("train", benchmark.train_tasks), ("test", benchmark.test_tasks)):
            lists[f"{split}_tasks_{seed}"] = np.array([pickle.loads(task.data)["rand_vec"] for task in tasks])
    return lists


def main() -> None:
    """Verifies the scene and writes the recordings."""
    SawyerMocapBase.reset_mocap_welds = correct_mocap_weld
    benchmark = metaworld.ML1("reach-v3", seed=SEEDS[0])
    env = benchmark.train_classes["reach-v3"]()
    verify_scene(env.model)
    episodes = [
        record_episode(env, benchmark.test_tasks[5 * index], kind, np.random.default_rng(index))
        for index, kind in enumerate(RECORDINGS)
    ]
    arrays: dict[str, np.ndarray] = {
        "mujoco_version": np.array(mujoco.__version__),
        "kinds": np.array(RECORDINGS),
        "info_names": np.array(INFO),
        "seeds": np.array(SEEDS),
    }
    arrays |= record_task_lists() | record_settled(env)
    arrays |= {name: np.stack([episode[name] for episode in episodes]) for name in episodes[0]}
    np.savez_compressed(FOLDER / "reach-v3.npz", **arrays)  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
