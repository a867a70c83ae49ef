"""The Sawyer scene and the physics that steps batches of it; nothing here knows of tasks, rewards or learning."""
