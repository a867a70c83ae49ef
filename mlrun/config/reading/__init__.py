"""Reading configurations strictly: YAML, overrides, and every mistake at once, in words."""
