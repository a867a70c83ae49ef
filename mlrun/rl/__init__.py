"""Reinforcement learning for batches of tasks: policies, rollouts, advantages and value functions."""
