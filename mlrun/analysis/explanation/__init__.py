"""Insight into the inner loop: what adaptation does to a model, layer by layer and task by task."""
