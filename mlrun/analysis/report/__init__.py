"""Runs as one HTML page that explains itself, needs nothing else, and can be sent to anybody."""
