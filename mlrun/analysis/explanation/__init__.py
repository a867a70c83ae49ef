"""What adaptation changes inside a model, layer by layer and task by task: what `mlrun explain` shows."""
