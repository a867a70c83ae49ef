"""Films of episodes: what `mlrun render` draws."""
