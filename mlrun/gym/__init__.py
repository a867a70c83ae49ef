"""ML1 for Gymnasium. Importing this module registers `mlrun/reach-v3`, `mlrun/push-v3` and `mlrun/pick-place-v3`.

    gymnasium.make("mlrun.gym:mlrun/reach-v3")                    # imports it by itself
    gymnasium.make_vec("mlrun.gym:mlrun/reach-v3", num_envs=64)   # one batch on threads, not 64 processes
    gymnasium.make("mlrun/reach-v3")                              # after `import mlrun.gym`

Neither torch nor the simulator is loaded before an environment is made.

What differs from the environments that Meta-World registers:

- `reset(seed=...)` decides which task is drawn; Meta-World documents the seed as ignored.
- `split="train"` serves the training tasks and `split="test"` the held-out ones.
- Episodes never terminate, not on success either; all are truncated at the horizon.
- `make_vec` steps all worlds as one batch, and one world's trajectory is bit for bit the same as that of `make`.
"""

from gymnasium.envs.registration import register

from mlrun.task_families import TASK_FAMILIES

for _problem in TASK_FAMILIES:
    register(
        f"mlrun/{_problem}",
        entry_point="mlrun.gym.registered:RegisteredEnv",
        vector_entry_point="mlrun.gym.registered:RegisteredVectorEnv",
        kwargs={"problem": _problem},
        # The environments refuse steps out of order by themselves, and the checker would warn that a hidden goal
        # has equal bounds.
        order_enforce=False,
        disable_env_checker=True,
    )
