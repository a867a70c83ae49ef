"""ML1 for Gymnasium. The import registers `mlrun/reach-v3`, `mlrun/push-v3` and `mlrun/pick-place-v3`.

    gymnasium.make("mlrun.gym:mlrun/reach-v3")                    # imports this module
    gymnasium.make_vec("mlrun.gym:mlrun/reach-v3", num_envs=64)   # one batch on threads, not 64 processes
    gymnasium.make("mlrun/reach-v3")                              # after `import mlrun.gym`

torch and the simulator are loaded when an environment is made, not before.

Differences to the environments that Meta-World registers:

- `reset(seed=...)` decides which tasks are drawn. Meta-World documents that it ignores the seed.
- `split="train"` draws from the training tasks, `split="test"` from the held-out tasks.
- Episodes never terminate, also not on success. They are truncated at the horizon.
- `make_vec` steps all worlds as one batch. Each world does bit for bit what an environment of `make` does.
"""

from gymnasium.envs.registration import register

from mlrun.task_families import TASK_FAMILIES

for _family in TASK_FAMILIES:
    register(
        f"mlrun/{_family}",
        entry_point="mlrun.gym.registered:RegisteredEnv",
        vector_entry_point="mlrun.gym.registered:RegisteredVectorEnv",
        kwargs={"problem": _family},
        # The environments themselves refuse a step before a reset.
        # The checker would warn that the bounds of a hidden goal are equal.
        order_enforce=False,
        disable_env_checker=True,
    )
