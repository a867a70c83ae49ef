import gymnasium
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.monitor import Monitor

from mlrun.simulation.threads import one_torch_thread

REACH = "mlrun.gym:mlrun/reach-v3"
HORIZON = 20
STEPS = 2000


def test_its_checker_finds_nothing_wrong() -> None:
    check_env(gymnasium.make(REACH, horizon=20))


def test_ppo_learns_to_approach_a_goal() -> None:
    env = Monitor(gymnasium.make(REACH, horizon=HORIZON, num_tasks=1))
    with one_torch_thread():
        model = PPO("MlpPolicy", env, n_steps=400, batch_size=100, gamma=0.9, learning_rate=3e-3, seed=0, device="cpu")
        model.learn(STEPS)
    assert env.get_episode_lengths() == [HORIZON] * (STEPS // HORIZON)
    returns = env.get_episode_rewards()
    assert np.mean(returns[-20:]) > 1.1 * np.mean(returns[:20])
