"""Strict reading of configurations: YAML and overrides become an experiment, or messages about all mistakes."""
