"""Supervised learning for batches of tasks."""
