"""Scenes, and the physics engines that step batches of worlds. Nothing here knows of tasks, rewards or learning."""
