"""Reinforcement learning for batches of tasks: policies, rollouts, advantages, baselines and trust regions."""
