"""Films of adaptation, and of single episodes."""
